// The table of modelled kernel functions: name, file, arguments and result of each, and whether it has a frame of its own.

package sim

import "github.com/hwlua/hwlua/hwdebug/trace"

// The modelled functions, by kernel file.
const (
	fnNone trace.FnID = iota

	// arch/arm64/kernel/hw_breakpoint.c
	fnWriteWbReg
	fnReadWbReg
	fnHwBreakpointSlots
	fnHwBreakpointSlotSetup
	fnHwBreakpointControl
	fnArchInstallHwBreakpoint
	fnArchUninstallHwBreakpoint
	fnArchBuildBpInfo
	fnHwBreakpointArchParse
	fnToggleBpRegisters
	fnBreakpointHandler
	fnWatchpointHandler
	fnWatchpointReport
	fnReinstallSuspendedBps
	fnHwBreakpointThreadSwitch
	fnHwBreakpointReset
	fnFlushPtraceHwBreakpoint

	// arch/arm64/kernel/debug-monitors.c
	fnMdscrWrite
	fnEnableDebugMonitors
	fnDisableDebugMonitors
	fnSingleStepHandler
	fnKernelEnableSingleStep
	fnKernelDisableSingleStep
	fnUserEnableSingleStep
	fnUserDisableSingleStep

	// kernel/events/hw_breakpoint.c
	fnToggleBpSlot
	fnReserveBpSlotInner
	fnReserveBpSlot
	fnReleaseBpSlot
	fnModifyBpSlot
	fnHwBreakpointParse
	fnRegisterPerfHwBreakpoint
	fnHwBreakpointEventInit
	fnBpPerfEventDestroy
	fnHwBreakpointAdd
	fnHwBreakpointDel
	fnRegisterUserHwBreakpoint
	fnModifyUserHwBreakpoint
	fnModifyUserHwBreakpointCheck
	fnUnregisterHwBreakpoint
	fnRegisterWideHwBreakpoint
	fnUnregisterWideHwBreakpoint

	// kernel/events/core.c
	fnPerfEventCreateKernelCounter
	fnPerfEventOpen
	fnPerfEventOpen61
	fnPerfEventAlloc
	fnPerfInitEvent
	fnPerfTryInitEvent
	fnPerfInstallInContext
	fnInstallInContext
	fnAddEventToCtx
	fnListAddEvent
	fnEventFunctionCall
	fnEventFunction
	fnCPUFunctionCall
	fnTaskFunctionCall
	fnRemoteFunction
	fnPerfEventEnable
	fnPerfEventEnableInner
	fnPerfEventEnableFn
	fnPerfEventDisable
	fnPerfEventDisableInner
	fnPerfEventDisableFn
	fnEventDisable61
	fnPerfIoctl
	fnPerfRead
	fnPerfEventModifyAttr
	fnPerfEventModifyBreakpoint
	fnPerfEventReleaseKernel
	fnPerfRemoveFromContext
	fnRemoveFromContext
	fnPutEvent
	fnFreeEvent
	fnPerfRelease
	fnCtxResched
	fnPerfEventSchedIn
	fnCPUCtxSchedIn
	fnCPUCtxSchedOut
	fnTaskCtxSchedOut
	fnCtxSchedIn
	fnCtxSchedOut
	fnCtxPinnedSchedIn
	fnCtxFlexibleSchedIn
	fnVisitGroupsMerge
	fnPinnedSchedIn
	fnFlexibleSchedIn
	fnMergeSchedIn
	fnGroupSchedIn
	fnGroupSchedOut
	fnEventSchedIn
	fnEventSchedOut
	fnPerfEventTaskSchedOut
	fnPerfEventContextSchedOut
	fnPerfEventTaskSchedIn
	fnPerfEventContextSchedIn
	fnPerfEventInitTask
	fnInheritEvent
	fnPerfEventExec
	fnPerfEventExitTask
	fnPerfEventExitTaskContext
	fnPerfEventExitEvent
	fnPerfEventExitCPU
	fnPerfEventExitCPUContext
	fnPerfEventExitContext
	fnPerfEventInitCPU
	fnPerfBpEvent
	fnPerfSweventEvent
	fnPerfSweventOverflow
	fnPerfEventOverflow
	fnPerfEventOutputForward

	// kernel/smp.c, arch/arm64/kernel/smp.c, entry
	fnSmpCallFunctionSingle
	fnGenericExecSingle
	fnFlushSmpCallFunctionQueue
	fnFlushSmpCallFunctionQueue61
	fnGenericSmpCallFunctionSingleInterrupt
	fnHandleIPI
	fnDoHandleIPI
	fnIPIHandler
	fnHandlePercpuDevidIrq
	fnHandleIrqDesc
	fnGenericHandleDomainIrq
	fnGicHandleIrq
	fnCallOnIrqStack
	fnDoInterruptHandler
	fnEl1Interrupt
	fnEl1h64IrqHandler
	fnEl1h64Irq
	fnEl0Interrupt
	fnEl0IrqHandlerCommon
	fnEl0t64IrqHandler
	fnEl0t64Irq
	fnEl1Irq
	fnEl0IrqNaked
	fnEl1Dbg
	fnEl0Dbg
	fnDoDebugException
	fnEl1h64SyncHandler
	fnEl1h64Sync
	fnEl0t64SyncHandler
	fnEl0t64Sync
	fnEl0SvcCommon
	fnEl0SvcHandler
	fnEl0Svc
	fnDoEl0Svc
	fnInvokeSyscall
	fnSecondaryStartKernel
	fnNotifyCPUStarting
	fnCPUStartupEntry
	fnDoIdle
	fnDefaultIdleCall
	fnArchCPUIdle

	// kernel/cpu.c and power
	fnCpuhpInvokeCallback
	fnCpuhpInvokeCallbackRange
	fnCpuhpInvokeCallbackRangeNofail
	fnCpuhpThreadFun
	fnSmpbootThreadFn
	fnCPUSuspend
	fnCPUSuspendExit

	// kernel/sched, fork, exit
	fnSchedule
	fnScheduleInner
	fnContextSwitch
	fnPrepareTaskSwitch
	fnSwitchTo
	fnFinishTaskSwitch
	fnScheduleTail
	fnRetFromFork
	fnKthread
	fnDoFork
	fnCopyProcess
	fnDoExecve
	fnFlushOldExec
	fnDoExit
	fnDoGroupExit
	fnSeSysExit
	fnExitFiles
	fnExitThread
	fnTaskWorkRun
	fnDoNotifyResume
	fnWorkPending
	fnFput
	fnFputInner

	// kernel/workqueue.c, kernel/time/timer.c
	fnWorkerThread
	fnProcessOneWork
	fnInsertWork
	fnQueueWorkInner
	fnQueueWorkOn
	fnQueueDelayedWorkOn
	fnModDelayedWorkOn
	fnCancelDelayedWork
	fnCancelDelayedWorkSync
	fnCancelWorkSync
	fnFlushWork
	fnFlushDelayedWork
	fnDelayedWorkTimerFn
	fnCallTimerFn
	fnExpireTimers
	fnRunTimers
	fnRunTimerSoftirq
	fnDoSoftirq
	fnDoSoftirqInner61
	fnDoSoftirqOwnStack
	fnIrqExit
	fnIrqExitRcu
	fnIrqExitRcuInner
	fnHandleDomainIrq
	fnMsleep

	// arch/arm64/kernel/ptrace.c
	fnPtraceHbpSetAddr
	fnPtraceHbpSetCtrl
	fnPtraceHbpCreate
	fnPtraceHbptriggered
	fnHwBreakSet
	fnHwBreakGet
	fnPtraceRegset
	fnPtraceRequest
	fnArchPtrace
	fnSeSysPtrace

	// arch/arm64/kernel/traps.c, lib/dump_stack.c
	fnDumpBacktrace
	fnShowStack
	fnDumpStackLvl
	fnDumpStack

	fnCount
)

const (
	fileArchHw  = "arch/arm64/kernel/hw_breakpoint.c"
	fileMon     = "arch/arm64/kernel/debug-monitors.c"
	fileHw      = "kernel/events/hw_breakpoint.c"
	fileCore    = "kernel/events/core.c"
	fileSmp     = "kernel/smp.c"
	fileArchSmp = "arch/arm64/kernel/smp.c"
	fileEntry   = "arch/arm64/kernel/entry.S"
	fileCPU     = "kernel/cpu.c"
	fileSuspend = "arch/arm64/kernel/suspend.c"
	fileSched   = "kernel/sched/core.c"
	fileFork    = "kernel/fork.c"
	fileExit    = "kernel/exit.c"
	fileExec    = "fs/exec.c"
	fileWq      = "kernel/workqueue.c"
	fileTimer   = "kernel/time/timer.c"
	fileSoftirq = "kernel/softirq.c"
	filePtrace  = "arch/arm64/kernel/ptrace.c"
	fileTraps   = "arch/arm64/kernel/traps.c"
)

func arg(name string, k trace.Kind) trace.Arg { return trace.Arg{Name: name, Kind: k} }

var (
	argsEvent   = []trace.Arg{arg("event", trace.Event)}
	argsBp      = []trace.Arg{arg("bp", trace.Event)}
	argsTask    = []trace.Arg{arg("task", trace.PID)}
	argsWork    = []trace.Arg{arg("work", trace.Text)}
	argsCtxType = []trace.Arg{arg("cpu", trace.CPU), arg("event_type", trace.Hex)}
	argsCPUWork = []trace.Arg{arg("cpu", trace.CPU), arg("work", trace.Text)}
	argsDelayed = []trace.Arg{arg("cpu", trace.CPU), arg("dwork", trace.Text), arg("delay", trace.Jiffy)}
)

// fns is indexed by function number. Inlined are the names that chapter 11 of the specification puts in
// parentheses.
var fns = [fnCount]trace.Fn{
	fnNone: {Name: "(none)", Ret: trace.NoValue},

	fnWriteWbReg:                {Name: "write_wb_reg", File: fileArchHw, Args: []trace.Arg{arg("reg", trace.Bank), arg("n", trace.Int), arg("val", trace.Hex)}, Ret: trace.NoValue},
	fnReadWbReg:                 {Name: "read_wb_reg", File: fileArchHw, Args: []trace.Arg{arg("reg", trace.Bank), arg("n", trace.Int)}, Ret: trace.Hex},
	fnHwBreakpointSlots:         {Name: "hw_breakpoint_slots", File: fileArchHw, Args: []trace.Arg{arg("type", trace.Int)}, Ret: trace.Int},
	fnHwBreakpointSlotSetup:     {Name: "hw_breakpoint_slot_setup", File: fileArchHw, Args: []trace.Arg{arg("max_slots", trace.Int), arg("bp", trace.Event), arg("ops", trace.Op)}, Ret: trace.Errno},
	fnHwBreakpointControl:       {Name: "hw_breakpoint_control", File: fileArchHw, Args: []trace.Arg{arg("bp", trace.Event), arg("ops", trace.Op)}, Ret: trace.Errno},
	fnArchInstallHwBreakpoint:   {Name: "arch_install_hw_breakpoint", File: fileArchHw, Args: argsBp, Ret: trace.Errno, Inlined: true},
	fnArchUninstallHwBreakpoint: {Name: "arch_uninstall_hw_breakpoint", File: fileArchHw, Args: argsBp, Ret: trace.NoValue, Inlined: true},
	fnArchBuildBpInfo:           {Name: "arch_build_bp_info", File: fileArchHw, Args: argsBp, Ret: trace.Errno},
	fnHwBreakpointArchParse:     {Name: "hw_breakpoint_arch_parse", File: fileArchHw, Args: argsBp, Ret: trace.Errno},
	fnToggleBpRegisters:         {Name: "toggle_bp_registers", File: fileArchHw, Args: []trace.Arg{arg("reg", trace.Bank), arg("el", trace.Level), arg("enable", trace.Switch)}, Ret: trace.NoValue},
	fnBreakpointHandler:         {Name: "breakpoint_handler", File: fileArchHw, Args: []trace.Arg{arg("unused", trace.Hex), arg("esr", trace.Hex)}, Ret: trace.Int},
	fnWatchpointHandler:         {Name: "watchpoint_handler", File: fileArchHw, Args: []trace.Arg{arg("addr", trace.Hex), arg("esr", trace.Hex)}, Ret: trace.Int},
	fnWatchpointReport:          {Name: "watchpoint_report", File: fileArchHw, Args: []trace.Arg{arg("wp", trace.Event), arg("addr", trace.Hex)}, Ret: trace.Int, Inlined: true},
	fnReinstallSuspendedBps:     {Name: "reinstall_suspended_bps", File: fileArchHw, Ret: trace.Int},
	fnHwBreakpointThreadSwitch:  {Name: "hw_breakpoint_thread_switch", File: fileArchHw, Args: []trace.Arg{arg("next", trace.PID)}, Ret: trace.NoValue},
	fnHwBreakpointReset:         {Name: "hw_breakpoint_reset", File: fileArchHw, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Int},
	fnFlushPtraceHwBreakpoint:   {Name: "flush_ptrace_hw_breakpoint", File: filePtrace, Args: []trace.Arg{arg("tsk", trace.PID)}, Ret: trace.NoValue},

	fnMdscrWrite:              {Name: "mdscr_write", File: fileMon, Args: []trace.Arg{arg("mdscr", trace.Hex)}, Ret: trace.NoValue, Inlined: true},
	fnEnableDebugMonitors:     {Name: "enable_debug_monitors", File: fileMon, Args: []trace.Arg{arg("el", trace.Level)}, Ret: trace.NoValue},
	fnDisableDebugMonitors:    {Name: "disable_debug_monitors", File: fileMon, Args: []trace.Arg{arg("el", trace.Level)}, Ret: trace.NoValue},
	fnSingleStepHandler:       {Name: "single_step_handler", File: fileMon, Args: []trace.Arg{arg("unused", trace.Hex), arg("esr", trace.Hex)}, Ret: trace.Int},
	fnKernelEnableSingleStep:  {Name: "kernel_enable_single_step", File: fileMon, Ret: trace.NoValue},
	fnKernelDisableSingleStep: {Name: "kernel_disable_single_step", File: fileMon, Ret: trace.NoValue},
	fnUserEnableSingleStep:    {Name: "user_enable_single_step", File: fileMon, Args: argsTask, Ret: trace.NoValue},
	fnUserDisableSingleStep:   {Name: "user_disable_single_step", File: fileMon, Args: argsTask, Ret: trace.NoValue},

	fnToggleBpSlot:                {Name: "toggle_bp_slot", File: fileHw, Args: []trace.Arg{arg("bp", trace.Event), arg("enable", trace.Switch), arg("type", trace.Slot), arg("weight", trace.Int)}, Ret: trace.NoValue, Inlined: true},
	fnReserveBpSlotInner:          {Name: "__reserve_bp_slot", File: fileHw, Args: []trace.Arg{arg("bp", trace.Event), arg("bp_type", trace.Int)}, Ret: trace.Errno},
	fnReserveBpSlot:               {Name: "reserve_bp_slot", File: fileHw, Args: argsBp, Ret: trace.Errno},
	fnReleaseBpSlot:               {Name: "release_bp_slot", File: fileHw, Args: argsBp, Ret: trace.NoValue},
	fnModifyBpSlot:                {Name: "modify_bp_slot", File: fileHw, Args: []trace.Arg{arg("bp", trace.Event), arg("old_type", trace.Int), arg("new_type", trace.Int)}, Ret: trace.Errno},
	fnHwBreakpointParse:           {Name: "hw_breakpoint_parse", File: fileHw, Args: argsBp, Ret: trace.Errno, Inlined: true},
	fnRegisterPerfHwBreakpoint:    {Name: "register_perf_hw_breakpoint", File: fileHw, Args: argsBp, Ret: trace.Errno},
	fnHwBreakpointEventInit:       {Name: "hw_breakpoint_event_init", File: fileHw, Args: argsBp, Ret: trace.Errno},
	fnBpPerfEventDestroy:          {Name: "bp_perf_event_destroy", File: fileHw, Args: argsEvent, Ret: trace.NoValue},
	fnHwBreakpointAdd:             {Name: "hw_breakpoint_add", File: fileHw, Args: []trace.Arg{arg("bp", trace.Event), arg("flags", trace.Hex)}, Ret: trace.Errno},
	fnHwBreakpointDel:             {Name: "hw_breakpoint_del", File: fileHw, Args: []trace.Arg{arg("bp", trace.Event), arg("flags", trace.Hex)}, Ret: trace.NoValue},
	fnRegisterUserHwBreakpoint:    {Name: "register_user_hw_breakpoint", File: fileHw, Args: []trace.Arg{arg("addr", trace.Hex), arg("tsk", trace.PID)}, Ret: trace.Errno},
	fnModifyUserHwBreakpoint:      {Name: "modify_user_hw_breakpoint", File: fileHw, Args: argsBp, Ret: trace.Errno},
	fnModifyUserHwBreakpointCheck: {Name: "modify_user_hw_breakpoint_check", File: fileHw, Args: argsBp, Ret: trace.Errno},
	fnUnregisterHwBreakpoint:      {Name: "unregister_hw_breakpoint", File: fileHw, Args: argsBp, Ret: trace.NoValue},
	fnRegisterWideHwBreakpoint:    {Name: "register_wide_hw_breakpoint", File: fileHw, Args: []trace.Arg{arg("addr", trace.Hex)}, Ret: trace.Errno},
	fnUnregisterWideHwBreakpoint:  {Name: "unregister_wide_hw_breakpoint", File: fileHw, Args: []trace.Arg{arg("addr", trace.Hex)}, Ret: trace.NoValue},

	fnPerfEventCreateKernelCounter: {Name: "perf_event_create_kernel_counter", File: fileCore, Args: []trace.Arg{arg("addr", trace.Hex), arg("cpu", trace.CPU), arg("task", trace.PID)}, Ret: trace.Errno},
	fnPerfEventOpen:                {Name: "__se_sys_perf_event_open", File: fileCore, Args: []trace.Arg{arg("addr", trace.Hex), arg("pid", trace.PID), arg("cpu", trace.CPU)}, Ret: trace.Errno},
	fnPerfEventOpen61:              {Name: "__do_sys_perf_event_open", File: fileCore, Args: []trace.Arg{arg("addr", trace.Hex), arg("pid", trace.PID), arg("cpu", trace.CPU)}, Ret: trace.Errno},
	fnPerfEventAlloc:               {Name: "perf_event_alloc", File: fileCore, Args: []trace.Arg{arg("addr", trace.Hex), arg("cpu", trace.CPU), arg("task", trace.PID)}, Ret: trace.Errno},
	fnPerfInitEvent:                {Name: "perf_init_event", File: fileCore, Args: argsEvent, Ret: trace.Errno, Inlined: true},
	fnPerfTryInitEvent:             {Name: "perf_try_init_event", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnPerfInstallInContext:         {Name: "perf_install_in_context", File: fileCore, Args: []trace.Arg{arg("event", trace.Event), arg("cpu", trace.CPU)}, Ret: trace.NoValue, Inlined: true},
	fnInstallInContext:             {Name: "__perf_install_in_context", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnAddEventToCtx:                {Name: "add_event_to_ctx", File: fileCore, Args: argsEvent, Ret: trace.NoValue, Inlined: true},
	fnListAddEvent:                 {Name: "list_add_event", File: fileCore, Args: argsEvent, Ret: trace.NoValue, Inlined: true},
	fnEventFunctionCall:            {Name: "event_function_call", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnEventFunction:                {Name: "event_function", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnCPUFunctionCall:              {Name: "cpu_function_call", File: fileCore, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Errno, Inlined: true},
	fnTaskFunctionCall:             {Name: "task_function_call", File: fileCore, Args: argsTask, Ret: trace.Errno, Inlined: true},
	fnRemoteFunction:               {Name: "remote_function", File: fileCore, Ret: trace.NoValue},
	fnPerfEventEnable:              {Name: "perf_event_enable", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfEventEnableInner:         {Name: "_perf_event_enable", File: fileCore, Args: argsEvent, Ret: trace.NoValue, Inlined: true},
	fnPerfEventEnableFn:            {Name: "__perf_event_enable", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfEventDisable:             {Name: "perf_event_disable", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfEventDisableInner:        {Name: "_perf_event_disable", File: fileCore, Args: argsEvent, Ret: trace.NoValue, Inlined: true},
	fnPerfEventDisableFn:           {Name: "__perf_event_disable", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnEventDisable61:               {Name: "__event_disable", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfIoctl:                    {Name: "perf_ioctl", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnPerfRead:                     {Name: "perf_read", File: fileCore, Args: argsEvent, Ret: trace.Int},
	fnPerfEventModifyAttr:          {Name: "perf_event_modify_attr", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnPerfEventModifyBreakpoint:    {Name: "perf_event_modify_breakpoint", File: fileCore, Args: argsBp, Ret: trace.Errno},
	fnPerfEventReleaseKernel:       {Name: "perf_event_release_kernel", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnPerfRemoveFromContext:        {Name: "perf_remove_from_context", File: fileCore, Args: []trace.Arg{arg("event", trace.Event), arg("flags", trace.Hex)}, Ret: trace.NoValue, Inlined: true},
	fnRemoveFromContext:            {Name: "__perf_remove_from_context", File: fileCore, Args: []trace.Arg{arg("event", trace.Event), arg("flags", trace.Hex)}, Ret: trace.NoValue},
	fnPutEvent:                     {Name: "put_event", File: fileCore, Args: argsEvent, Ret: trace.NoValue, Inlined: true},
	fnFreeEvent:                    {Name: "_free_event", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfRelease:                  {Name: "perf_release", File: fileCore, Args: argsEvent, Ret: trace.Int},
	fnCtxResched:                   {Name: "ctx_resched", File: fileCore, Args: argsCtxType, Ret: trace.NoValue},
	fnPerfEventSchedIn:             {Name: "perf_event_sched_in", File: fileCore, Args: []trace.Arg{arg("cpu", trace.CPU), arg("task", trace.PID)}, Ret: trace.NoValue, Inlined: true},
	fnCPUCtxSchedIn:                {Name: "cpu_ctx_sched_in", File: fileCore, Args: argsCtxType, Ret: trace.NoValue, Inlined: true},
	fnCPUCtxSchedOut:               {Name: "cpu_ctx_sched_out", File: fileCore, Args: argsCtxType, Ret: trace.NoValue, Inlined: true},
	fnTaskCtxSchedOut:              {Name: "task_ctx_sched_out", File: fileCore, Args: argsCtxType, Ret: trace.NoValue, Inlined: true},
	fnCtxSchedIn:                   {Name: "ctx_sched_in", File: fileCore, Args: argsCtxType, Ret: trace.NoValue},
	fnCtxSchedOut:                  {Name: "ctx_sched_out", File: fileCore, Args: argsCtxType, Ret: trace.NoValue},
	fnCtxPinnedSchedIn:             {Name: "ctx_pinned_sched_in", File: fileCore, Ret: trace.NoValue, Inlined: true},
	fnCtxFlexibleSchedIn:           {Name: "ctx_flexible_sched_in", File: fileCore, Ret: trace.NoValue, Inlined: true},
	fnVisitGroupsMerge:             {Name: "visit_groups_merge", File: fileCore, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Int},
	fnPinnedSchedIn:                {Name: "pinned_sched_in", File: fileCore, Args: argsEvent, Ret: trace.Int},
	fnFlexibleSchedIn:              {Name: "flexible_sched_in", File: fileCore, Args: argsEvent, Ret: trace.Int},
	fnMergeSchedIn:                 {Name: "merge_sched_in", File: fileCore, Args: argsEvent, Ret: trace.Int},
	fnGroupSchedIn:                 {Name: "group_sched_in", File: fileCore, Args: []trace.Arg{arg("group_event", trace.Event)}, Ret: trace.Errno},
	fnGroupSchedOut:                {Name: "group_sched_out", File: fileCore, Args: []trace.Arg{arg("group_event", trace.Event)}, Ret: trace.NoValue},
	fnEventSchedIn:                 {Name: "event_sched_in", File: fileCore, Args: argsEvent, Ret: trace.Errno},
	fnEventSchedOut:                {Name: "event_sched_out", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfEventTaskSchedOut:        {Name: "__perf_event_task_sched_out", File: fileCore, Args: []trace.Arg{arg("task", trace.PID), arg("next", trace.PID)}, Ret: trace.NoValue},
	fnPerfEventContextSchedOut:     {Name: "perf_event_context_sched_out", File: fileCore, Args: []trace.Arg{arg("task", trace.PID), arg("next", trace.PID)}, Ret: trace.NoValue, Inlined: true},
	fnPerfEventTaskSchedIn:         {Name: "__perf_event_task_sched_in", File: fileCore, Args: []trace.Arg{arg("prev", trace.PID), arg("task", trace.PID)}, Ret: trace.NoValue},
	fnPerfEventContextSchedIn:      {Name: "perf_event_context_sched_in", File: fileCore, Args: argsTask, Ret: trace.NoValue, Inlined: true},
	fnPerfEventInitTask:            {Name: "perf_event_init_task", File: fileCore, Args: []trace.Arg{arg("child", trace.PID)}, Ret: trace.Errno},
	fnInheritEvent:                 {Name: "inherit_event", File: fileCore, Args: []trace.Arg{arg("parent_event", trace.Event), arg("child", trace.PID)}, Ret: trace.Errno},
	fnPerfEventExec:                {Name: "perf_event_exec", File: fileCore, Ret: trace.NoValue},
	fnPerfEventExitTask:            {Name: "perf_event_exit_task", File: fileCore, Args: []trace.Arg{arg("child", trace.PID)}, Ret: trace.NoValue},
	fnPerfEventExitTaskContext:     {Name: "perf_event_exit_task_context", File: fileCore, Args: []trace.Arg{arg("child", trace.PID)}, Ret: trace.NoValue, Inlined: true},
	fnPerfEventExitEvent:           {Name: "perf_event_exit_event", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfEventExitCPU:             {Name: "perf_event_exit_cpu", File: fileCore, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Int},
	fnPerfEventExitCPUContext:      {Name: "perf_event_exit_cpu_context", File: fileCore, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.NoValue, Inlined: true},
	fnPerfEventExitContext:         {Name: "__perf_event_exit_context", File: fileCore, Ret: trace.NoValue},
	fnPerfEventInitCPU:             {Name: "perf_event_init_cpu", File: fileCore, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Int},
	fnPerfBpEvent:                  {Name: "perf_bp_event", File: fileCore, Args: argsBp, Ret: trace.NoValue},
	fnPerfSweventEvent:             {Name: "perf_swevent_event", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfSweventOverflow:          {Name: "perf_swevent_overflow", File: fileCore, Args: argsEvent, Ret: trace.NoValue},
	fnPerfEventOverflow:            {Name: "__perf_event_overflow", File: fileCore, Args: argsEvent, Ret: trace.Int},
	fnPerfEventOutputForward:       {Name: "perf_event_output_forward", File: fileCore, Args: argsEvent, Ret: trace.NoValue},

	fnSmpCallFunctionSingle:                 {Name: "smp_call_function_single", File: fileSmp, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Errno},
	fnGenericExecSingle:                     {Name: "generic_exec_single", File: fileSmp, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Errno},
	fnFlushSmpCallFunctionQueue:             {Name: "flush_smp_call_function_queue", File: fileSmp, Ret: trace.NoValue},
	fnFlushSmpCallFunctionQueue61:           {Name: "__flush_smp_call_function_queue", File: fileSmp, Ret: trace.NoValue},
	fnGenericSmpCallFunctionSingleInterrupt: {Name: "generic_smp_call_function_single_interrupt", File: fileSmp, Ret: trace.NoValue},
	fnHandleIPI:                             {Name: "handle_IPI", File: fileArchSmp, Args: []trace.Arg{arg("ipinr", trace.Int)}, Ret: trace.NoValue},
	fnDoHandleIPI:                           {Name: "do_handle_IPI", File: fileArchSmp, Args: []trace.Arg{arg("ipinr", trace.Int)}, Ret: trace.NoValue, Inlined: true},
	fnIPIHandler:                            {Name: "ipi_handler", File: fileArchSmp, Ret: trace.NoValue},
	fnHandlePercpuDevidIrq:                  {Name: "handle_percpu_devid_irq", File: "kernel/irq/chip.c", Ret: trace.NoValue},
	fnHandleIrqDesc:                         {Name: "handle_irq_desc", File: "kernel/irq/irqdesc.c", Ret: trace.NoValue},
	fnGenericHandleDomainIrq:                {Name: "generic_handle_domain_irq", File: "kernel/irq/irqdesc.c", Ret: trace.NoValue},
	fnGicHandleIrq:                          {Name: "gic_handle_irq", File: "drivers/irqchip/irq-gic-v3.c", Ret: trace.NoValue},
	fnCallOnIrqStack:                        {Name: "call_on_irq_stack", File: fileEntry, Ret: trace.NoValue},
	fnDoInterruptHandler:                    {Name: "do_interrupt_handler", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl1Interrupt:                          {Name: "el1_interrupt", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl1h64IrqHandler:                      {Name: "el1h_64_irq_handler", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl1h64Irq:                             {Name: "el1h_64_irq", File: fileEntry, Ret: trace.NoValue},
	fnEl0Interrupt:                          {Name: "el0_interrupt", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl0IrqHandlerCommon:                   {Name: "__el0_irq_handler_common", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl0t64IrqHandler:                      {Name: "el0t_64_irq_handler", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl0t64Irq:                             {Name: "el0t_64_irq", File: fileEntry, Ret: trace.NoValue},
	fnEl1Irq:                                {Name: "el1_irq", File: fileEntry, Ret: trace.NoValue},
	fnEl0IrqNaked:                           {Name: "el0_irq_naked", File: fileEntry, Ret: trace.NoValue},
	fnEl1Dbg:                                {Name: "el1_dbg", File: fileEntry, Ret: trace.NoValue},
	fnEl0Dbg:                                {Name: "el0_dbg", File: fileEntry, Ret: trace.NoValue},
	fnDoDebugException:                      {Name: "do_debug_exception", File: "arch/arm64/mm/fault.c", Args: []trace.Arg{arg("addr", trace.Hex), arg("esr", trace.Hex)}, Ret: trace.Int},
	fnEl1h64SyncHandler:                     {Name: "el1h_64_sync_handler", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl1h64Sync:                            {Name: "el1h_64_sync", File: fileEntry, Ret: trace.NoValue},
	fnEl0t64SyncHandler:                     {Name: "el0t_64_sync_handler", File: "arch/arm64/kernel/entry-common.c", Ret: trace.NoValue},
	fnEl0t64Sync:                            {Name: "el0t_64_sync", File: fileEntry, Ret: trace.NoValue},
	fnEl0SvcCommon:                          {Name: "el0_svc_common", File: "arch/arm64/kernel/syscall.c", Ret: trace.NoValue},
	fnEl0SvcHandler:                         {Name: "el0_svc_handler", File: "arch/arm64/kernel/syscall.c", Ret: trace.NoValue},
	fnEl0Svc:                                {Name: "el0_svc", File: fileEntry, Ret: trace.NoValue},
	fnDoEl0Svc:                              {Name: "do_el0_svc", File: "arch/arm64/kernel/syscall.c", Ret: trace.NoValue},
	fnInvokeSyscall:                         {Name: "invoke_syscall", File: "arch/arm64/kernel/syscall.c", Ret: trace.NoValue},
	fnSecondaryStartKernel:                  {Name: "secondary_start_kernel", File: fileArchSmp, Ret: trace.NoValue},
	fnNotifyCPUStarting:                     {Name: "notify_cpu_starting", File: fileCPU, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.NoValue},
	fnCPUStartupEntry:                       {Name: "cpu_startup_entry", File: "kernel/sched/idle.c", Ret: trace.NoValue},
	fnDoIdle:                                {Name: "do_idle", File: "kernel/sched/idle.c", Ret: trace.NoValue},
	fnDefaultIdleCall:                       {Name: "default_idle_call", File: "kernel/sched/idle.c", Ret: trace.NoValue, Inlined: true},
	fnArchCPUIdle:                           {Name: "arch_cpu_idle", File: "arch/arm64/kernel/process.c", Ret: trace.NoValue},

	fnCpuhpInvokeCallback:            {Name: "cpuhp_invoke_callback", File: fileCPU, Args: []trace.Arg{arg("cpu", trace.CPU), arg("state", trace.Text)}, Ret: trace.Errno},
	fnCpuhpInvokeCallbackRange:       {Name: "__cpuhp_invoke_callback_range", File: fileCPU, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.Errno},
	fnCpuhpInvokeCallbackRangeNofail: {Name: "cpuhp_invoke_callback_range_nofail", File: fileCPU, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.NoValue, Inlined: true},
	fnCpuhpThreadFun:                 {Name: "cpuhp_thread_fun", File: fileCPU, Args: []trace.Arg{arg("cpu", trace.CPU)}, Ret: trace.NoValue},
	fnSmpbootThreadFn:                {Name: "smpboot_thread_fn", File: "kernel/smpboot.c", Ret: trace.Int},
	fnCPUSuspend:                     {Name: "cpu_suspend", File: fileSuspend, Ret: trace.Errno},
	fnCPUSuspendExit:                 {Name: "__cpu_suspend_exit", File: fileSuspend, Ret: trace.NoValue},

	fnSchedule:          {Name: "schedule", File: fileSched, Ret: trace.NoValue},
	fnScheduleInner:     {Name: "__schedule", File: fileSched, Ret: trace.NoValue},
	fnContextSwitch:     {Name: "context_switch", File: fileSched, Args: []trace.Arg{arg("prev", trace.PID), arg("next", trace.PID)}, Ret: trace.NoValue, Inlined: true},
	fnPrepareTaskSwitch: {Name: "prepare_task_switch", File: fileSched, Args: []trace.Arg{arg("prev", trace.PID), arg("next", trace.PID)}, Ret: trace.NoValue, Inlined: true},
	fnSwitchTo:          {Name: "__switch_to", File: "arch/arm64/kernel/process.c", Args: []trace.Arg{arg("prev", trace.PID), arg("next", trace.PID)}, Ret: trace.NoValue},
	fnFinishTaskSwitch:  {Name: "finish_task_switch", File: fileSched, Args: []trace.Arg{arg("prev", trace.PID)}, Ret: trace.NoValue},
	fnScheduleTail:      {Name: "schedule_tail", File: fileSched, Args: []trace.Arg{arg("prev", trace.PID)}, Ret: trace.NoValue},
	fnRetFromFork:       {Name: "ret_from_fork", File: fileEntry, Ret: trace.NoValue},
	fnKthread:           {Name: "kthread", File: "kernel/kthread.c", Ret: trace.Int},
	fnDoFork:            {Name: "_do_fork", File: fileFork, Ret: trace.Errno},
	fnCopyProcess:       {Name: "copy_process", File: fileFork, Ret: trace.Errno},
	fnDoExecve:          {Name: "do_execve", File: fileExec, Ret: trace.Errno},
	fnFlushOldExec:      {Name: "flush_old_exec", File: fileExec, Ret: trace.Errno},
	fnDoExit:            {Name: "do_exit", File: fileExit, Args: []trace.Arg{arg("code", trace.Int)}, Ret: trace.NoValue},
	fnDoGroupExit:       {Name: "do_group_exit", File: fileExit, Args: []trace.Arg{arg("exit_code", trace.Int)}, Ret: trace.NoValue},
	fnSeSysExit:         {Name: "__se_sys_exit", File: fileExit, Args: []trace.Arg{arg("error_code", trace.Int)}, Ret: trace.NoValue},
	fnExitFiles:         {Name: "exit_files", File: "fs/file.c", Args: []trace.Arg{arg("tsk", trace.PID)}, Ret: trace.NoValue},
	fnExitThread:        {Name: "exit_thread", File: "arch/arm64/kernel/process.c", Args: []trace.Arg{arg("tsk", trace.PID)}, Ret: trace.NoValue},
	fnTaskWorkRun:       {Name: "task_work_run", File: "kernel/task_work.c", Ret: trace.NoValue},
	fnDoNotifyResume:    {Name: "do_notify_resume", File: "arch/arm64/kernel/signal.c", Ret: trace.NoValue},
	fnWorkPending:       {Name: "work_pending", File: fileEntry, Ret: trace.NoValue},
	fnFput:              {Name: "____fput", File: "fs/file_table.c", Ret: trace.NoValue},
	fnFputInner:         {Name: "__fput", File: "fs/file_table.c", Ret: trace.NoValue},

	fnWorkerThread:          {Name: "worker_thread", File: fileWq, Ret: trace.Int},
	fnProcessOneWork:        {Name: "process_one_work", File: fileWq, Args: argsWork, Ret: trace.NoValue},
	fnInsertWork:            {Name: "insert_work", File: fileWq, Args: argsWork, Ret: trace.NoValue, Inlined: true},
	fnQueueWorkInner:        {Name: "__queue_work", File: fileWq, Args: argsCPUWork, Ret: trace.NoValue},
	fnQueueWorkOn:           {Name: "queue_work_on", File: fileWq, Args: argsCPUWork, Ret: trace.Int},
	fnQueueDelayedWorkOn:    {Name: "queue_delayed_work_on", File: fileWq, Args: argsDelayed, Ret: trace.Int},
	fnModDelayedWorkOn:      {Name: "mod_delayed_work_on", File: fileWq, Args: argsDelayed, Ret: trace.Int},
	fnCancelDelayedWork:     {Name: "cancel_delayed_work", File: fileWq, Args: []trace.Arg{arg("dwork", trace.Text)}, Ret: trace.Int},
	fnCancelDelayedWorkSync: {Name: "cancel_delayed_work_sync", File: fileWq, Args: []trace.Arg{arg("dwork", trace.Text)}, Ret: trace.Int},
	fnCancelWorkSync:        {Name: "cancel_work_sync", File: fileWq, Args: argsWork, Ret: trace.Int},
	fnFlushWork:             {Name: "flush_work", File: fileWq, Args: argsWork, Ret: trace.Int},
	fnFlushDelayedWork:      {Name: "flush_delayed_work", File: fileWq, Args: []trace.Arg{arg("dwork", trace.Text)}, Ret: trace.Int},
	fnDelayedWorkTimerFn:    {Name: "delayed_work_timer_fn", File: fileWq, Args: []trace.Arg{arg("dwork", trace.Text)}, Ret: trace.NoValue},
	fnCallTimerFn:           {Name: "call_timer_fn", File: fileTimer, Ret: trace.NoValue},
	fnExpireTimers:          {Name: "expire_timers", File: fileTimer, Ret: trace.NoValue, Inlined: true},
	fnRunTimers:             {Name: "__run_timers", File: fileTimer, Ret: trace.NoValue, Inlined: true},
	fnRunTimerSoftirq:       {Name: "run_timer_softirq", File: fileTimer, Ret: trace.NoValue},
	fnDoSoftirq:             {Name: "__do_softirq", File: fileSoftirq, Ret: trace.NoValue},
	fnDoSoftirqInner61:      {Name: "____do_softirq", File: "arch/arm64/kernel/irq.c", Ret: trace.NoValue},
	fnDoSoftirqOwnStack:     {Name: "do_softirq_own_stack", File: "arch/arm64/kernel/irq.c", Ret: trace.NoValue},
	fnIrqExit:               {Name: "irq_exit", File: fileSoftirq, Ret: trace.NoValue},
	fnIrqExitRcu:            {Name: "irq_exit_rcu", File: fileSoftirq, Ret: trace.NoValue},
	fnIrqExitRcuInner:       {Name: "__irq_exit_rcu", File: fileSoftirq, Ret: trace.NoValue},
	fnHandleDomainIrq:       {Name: "__handle_domain_irq", File: "kernel/irq/irqdesc.c", Ret: trace.NoValue},
	fnMsleep:                {Name: "msleep", File: fileTimer, Args: []trace.Arg{arg("msecs", trace.Int)}, Ret: trace.NoValue},

	fnPtraceHbpSetAddr:   {Name: "ptrace_hbp_set_addr", File: filePtrace, Args: []trace.Arg{arg("tsk", trace.PID), arg("idx", trace.Int), arg("addr", trace.Hex)}, Ret: trace.Errno, Inlined: true},
	fnPtraceHbpSetCtrl:   {Name: "ptrace_hbp_set_ctrl", File: filePtrace, Args: []trace.Arg{arg("tsk", trace.PID), arg("idx", trace.Int), arg("uctrl", trace.Hex)}, Ret: trace.Errno, Inlined: true},
	fnPtraceHbpCreate:    {Name: "ptrace_hbp_create", File: filePtrace, Args: []trace.Arg{arg("tsk", trace.PID), arg("idx", trace.Int)}, Ret: trace.Errno},
	fnPtraceHbptriggered: {Name: "ptrace_hbptriggered", File: filePtrace, Args: argsBp, Ret: trace.NoValue},
	fnHwBreakSet:         {Name: "hw_break_set", File: filePtrace, Args: []trace.Arg{arg("target", trace.PID)}, Ret: trace.Errno},
	fnHwBreakGet:         {Name: "hw_break_get", File: filePtrace, Args: []trace.Arg{arg("target", trace.PID)}, Ret: trace.Errno},
	fnPtraceRegset:       {Name: "ptrace_regset", File: "kernel/ptrace.c", Args: []trace.Arg{arg("task", trace.PID)}, Ret: trace.Errno},
	fnPtraceRequest:      {Name: "ptrace_request", File: "kernel/ptrace.c", Args: []trace.Arg{arg("child", trace.PID)}, Ret: trace.Errno},
	fnArchPtrace:         {Name: "arch_ptrace", File: filePtrace, Args: []trace.Arg{arg("child", trace.PID)}, Ret: trace.Errno},
	fnSeSysPtrace:        {Name: "__se_sys_ptrace", File: "kernel/ptrace.c", Args: []trace.Arg{arg("request", trace.Hex), arg("pid", trace.PID)}, Ret: trace.Errno},

	fnDumpBacktrace: {Name: "dump_backtrace", File: fileTraps, Ret: trace.NoValue},
	fnShowStack:     {Name: "show_stack", File: fileTraps, Ret: trace.NoValue, Inlined: true},
	fnDumpStackLvl:  {Name: "dump_stack_lvl", File: "lib/dump_stack.c", Ret: trace.NoValue},
	fnDumpStack:     {Name: "dump_stack", File: "lib/dump_stack.c", Ret: trace.NoValue},
}

var fnTable = trace.NewTable(fns[:])

type traceFn = trace.FnID

// Functions returns the modelled kernel functions, by kernel file. Callers must not change them.
func Functions() []trace.Fn { return fns[1:] }
