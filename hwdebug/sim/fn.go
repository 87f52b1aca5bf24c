// The table of modelled kernel functions: name, file, arguments and result, and whether each has a frame.

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
	fileEntryC  = "arch/arm64/kernel/entry-common.c"
	fileSyscall = "arch/arm64/kernel/syscall.c"
	fileIrqDesc = "kernel/irq/irqdesc.c"
	fileIdle    = "kernel/sched/idle.c"
	fileArchIrq = "arch/arm64/kernel/irq.c"
	fileProcess = "arch/arm64/kernel/process.c"
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

// called describes a function that has a frame of its own.
func called(file, name string, ret trace.Kind, args ...trace.Arg) trace.Fn {
	return trace.Fn{Name: name, File: file, Args: args, Ret: ret}
}

// inlined describes a function without one: chapter 11 of the specification puts its name in parentheses.
func inlined(file, name string, ret trace.Kind, args ...trace.Arg) trace.Fn {
	return trace.Fn{Name: name, File: file, Args: args, Ret: ret, Inlined: true}
}

func hexArg(name string) trace.Arg    { return trace.Arg{Name: name, Kind: trace.Hex} }
func intArg(name string) trace.Arg    { return trace.Arg{Name: name, Kind: trace.Int} }
func taskArg(name string) trace.Arg   { return trace.Arg{Name: name, Kind: trace.PID} }
func cpuArg(name string) trace.Arg    { return trace.Arg{Name: name, Kind: trace.CPU} }
func eventArg(name string) trace.Arg  { return trace.Arg{Name: name, Kind: trace.Event} }
func textArg(name string) trace.Arg   { return trace.Arg{Name: name, Kind: trace.Text} }
func jiffyArg(name string) trace.Arg  { return trace.Arg{Name: name, Kind: trace.Jiffy} }
func slotArg(name string) trace.Arg   { return trace.Arg{Name: name, Kind: trace.Slot} }
func opArg(name string) trace.Arg     { return trace.Arg{Name: name, Kind: trace.Op} }
func levelArg(name string) trace.Arg  { return trace.Arg{Name: name, Kind: trace.Level} }
func switchArg(name string) trace.Arg { return trace.Arg{Name: name, Kind: trace.Switch} }
func bankArg(name string) trace.Arg   { return trace.Arg{Name: name, Kind: trace.Bank} }

// fns is indexed by function number.
var fns = [fnCount]trace.Fn{
	fnNone: {Name: "(none)"},

	fnWriteWbReg: called(fileArchHw, "write_wb_reg", trace.NoValue,
		bankArg("reg"), intArg("n"), hexArg("val")),
	fnReadWbReg:         called(fileArchHw, "read_wb_reg", trace.Hex, bankArg("reg"), intArg("n")),
	fnHwBreakpointSlots: called(fileArchHw, "hw_breakpoint_slots", trace.Int, intArg("type")),
	fnHwBreakpointSlotSetup: called(fileArchHw, "hw_breakpoint_slot_setup", trace.Errno,
		intArg("max_slots"), eventArg("bp"), opArg("ops")),
	fnHwBreakpointControl: called(fileArchHw, "hw_breakpoint_control", trace.Errno,
		eventArg("bp"), opArg("ops")),
	fnArchInstallHwBreakpoint: inlined(fileArchHw, "arch_install_hw_breakpoint", trace.Errno,
		eventArg("bp")),
	fnArchUninstallHwBreakpoint: inlined(fileArchHw, "arch_uninstall_hw_breakpoint", trace.NoValue,
		eventArg("bp")),
	fnArchBuildBpInfo: called(fileArchHw, "arch_build_bp_info", trace.Errno, eventArg("bp")),
	fnHwBreakpointArchParse: called(fileArchHw, "hw_breakpoint_arch_parse", trace.Errno,
		eventArg("bp")),
	fnToggleBpRegisters: called(fileArchHw, "toggle_bp_registers", trace.NoValue,
		bankArg("reg"), levelArg("el"), switchArg("enable")),
	fnBreakpointHandler: called(fileArchHw, "breakpoint_handler", trace.Int,
		hexArg("unused"), hexArg("esr")),
	fnWatchpointHandler: called(fileArchHw, "watchpoint_handler", trace.Int,
		hexArg("addr"), hexArg("esr")),
	fnWatchpointReport: inlined(fileArchHw, "watchpoint_report", trace.Int,
		eventArg("wp"), hexArg("addr")),
	fnReinstallSuspendedBps: called(fileArchHw, "reinstall_suspended_bps", trace.Int),
	fnHwBreakpointThreadSwitch: called(fileArchHw, "hw_breakpoint_thread_switch", trace.NoValue,
		taskArg("next")),
	fnHwBreakpointReset: called(fileArchHw, "hw_breakpoint_reset", trace.Int, cpuArg("cpu")),
	fnFlushPtraceHwBreakpoint: called(filePtrace, "flush_ptrace_hw_breakpoint", trace.NoValue,
		taskArg("tsk")),

	fnMdscrWrite:           inlined(fileMon, "mdscr_write", trace.NoValue, hexArg("mdscr")),
	fnEnableDebugMonitors:  called(fileMon, "enable_debug_monitors", trace.NoValue, levelArg("el")),
	fnDisableDebugMonitors: called(fileMon, "disable_debug_monitors", trace.NoValue, levelArg("el")),
	fnSingleStepHandler: called(fileMon, "single_step_handler", trace.Int,
		hexArg("unused"), hexArg("esr")),
	fnKernelEnableSingleStep:  called(fileMon, "kernel_enable_single_step", trace.NoValue),
	fnKernelDisableSingleStep: called(fileMon, "kernel_disable_single_step", trace.NoValue),
	fnUserEnableSingleStep:    called(fileMon, "user_enable_single_step", trace.NoValue, taskArg("task")),
	fnUserDisableSingleStep:   called(fileMon, "user_disable_single_step", trace.NoValue, taskArg("task")),

	fnToggleBpSlot: inlined(fileHw, "toggle_bp_slot", trace.NoValue,
		eventArg("bp"), switchArg("enable"), slotArg("type"), intArg("weight")),
	fnReserveBpSlotInner: called(fileHw, "__reserve_bp_slot", trace.Errno,
		eventArg("bp"), intArg("bp_type")),
	fnReserveBpSlot: called(fileHw, "reserve_bp_slot", trace.Errno, eventArg("bp")),
	fnReleaseBpSlot: called(fileHw, "release_bp_slot", trace.NoValue, eventArg("bp")),
	fnModifyBpSlot: called(fileHw, "modify_bp_slot", trace.Errno,
		eventArg("bp"), intArg("old_type"), intArg("new_type")),
	fnHwBreakpointParse: inlined(fileHw, "hw_breakpoint_parse", trace.Errno, eventArg("bp")),
	fnRegisterPerfHwBreakpoint: called(fileHw, "register_perf_hw_breakpoint", trace.Errno,
		eventArg("bp")),
	fnHwBreakpointEventInit: called(fileHw, "hw_breakpoint_event_init", trace.Errno, eventArg("bp")),
	fnBpPerfEventDestroy:    called(fileHw, "bp_perf_event_destroy", trace.NoValue, eventArg("event")),
	fnHwBreakpointAdd: called(fileHw, "hw_breakpoint_add", trace.Errno,
		eventArg("bp"), hexArg("flags")),
	fnHwBreakpointDel: called(fileHw, "hw_breakpoint_del", trace.NoValue,
		eventArg("bp"), hexArg("flags")),
	fnRegisterUserHwBreakpoint: called(fileHw, "register_user_hw_breakpoint", trace.Errno,
		hexArg("addr"), taskArg("tsk")),
	fnModifyUserHwBreakpoint: called(fileHw, "modify_user_hw_breakpoint", trace.Errno, eventArg("bp")),
	fnModifyUserHwBreakpointCheck: called(fileHw, "modify_user_hw_breakpoint_check", trace.Errno,
		eventArg("bp")),
	fnUnregisterHwBreakpoint: called(fileHw, "unregister_hw_breakpoint", trace.NoValue, eventArg("bp")),
	fnRegisterWideHwBreakpoint: called(fileHw, "register_wide_hw_breakpoint", trace.Errno,
		hexArg("addr")),
	fnUnregisterWideHwBreakpoint: called(fileHw, "unregister_wide_hw_breakpoint", trace.NoValue,
		hexArg("addr")),

	fnPerfEventCreateKernelCounter: called(fileCore, "perf_event_create_kernel_counter", trace.Errno,
		hexArg("addr"), cpuArg("cpu"), taskArg("task")),
	fnPerfEventOpen: called(fileCore, "__se_sys_perf_event_open", trace.Errno,
		hexArg("addr"), taskArg("pid"), cpuArg("cpu")),
	fnPerfEventOpen61: called(fileCore, "__do_sys_perf_event_open", trace.Errno,
		hexArg("addr"), taskArg("pid"), cpuArg("cpu")),
	fnPerfEventAlloc: called(fileCore, "perf_event_alloc", trace.Errno,
		hexArg("addr"), cpuArg("cpu"), taskArg("task")),
	fnPerfInitEvent:    inlined(fileCore, "perf_init_event", trace.Errno, eventArg("event")),
	fnPerfTryInitEvent: called(fileCore, "perf_try_init_event", trace.Errno, eventArg("event")),
	fnPerfInstallInContext: inlined(fileCore, "perf_install_in_context", trace.NoValue,
		eventArg("event"), cpuArg("cpu")),
	fnInstallInContext:      called(fileCore, "__perf_install_in_context", trace.Errno, eventArg("event")),
	fnAddEventToCtx:         inlined(fileCore, "add_event_to_ctx", trace.NoValue, eventArg("event")),
	fnListAddEvent:          inlined(fileCore, "list_add_event", trace.NoValue, eventArg("event")),
	fnEventFunctionCall:     called(fileCore, "event_function_call", trace.NoValue, eventArg("event")),
	fnEventFunction:         called(fileCore, "event_function", trace.Errno, eventArg("event")),
	fnCPUFunctionCall:       inlined(fileCore, "cpu_function_call", trace.Errno, cpuArg("cpu")),
	fnTaskFunctionCall:      inlined(fileCore, "task_function_call", trace.Errno, taskArg("task")),
	fnRemoteFunction:        called(fileCore, "remote_function", trace.NoValue),
	fnPerfEventEnable:       called(fileCore, "perf_event_enable", trace.NoValue, eventArg("event")),
	fnPerfEventEnableInner:  inlined(fileCore, "_perf_event_enable", trace.NoValue, eventArg("event")),
	fnPerfEventEnableFn:     called(fileCore, "__perf_event_enable", trace.NoValue, eventArg("event")),
	fnPerfEventDisable:      called(fileCore, "perf_event_disable", trace.NoValue, eventArg("event")),
	fnPerfEventDisableInner: inlined(fileCore, "_perf_event_disable", trace.NoValue, eventArg("event")),
	fnPerfEventDisableFn:    called(fileCore, "__perf_event_disable", trace.NoValue, eventArg("event")),
	fnEventDisable61:        called(fileCore, "__event_disable", trace.NoValue, eventArg("event")),
	fnPerfIoctl:             called(fileCore, "perf_ioctl", trace.Errno, eventArg("event")),
	fnPerfRead:              called(fileCore, "perf_read", trace.Int, eventArg("event")),
	fnPerfEventModifyAttr:   called(fileCore, "perf_event_modify_attr", trace.Errno, eventArg("event")),
	fnPerfEventModifyBreakpoint: called(fileCore, "perf_event_modify_breakpoint", trace.Errno,
		eventArg("bp")),
	fnPerfEventReleaseKernel: called(fileCore, "perf_event_release_kernel", trace.Errno,
		eventArg("event")),
	fnPerfRemoveFromContext: inlined(fileCore, "perf_remove_from_context", trace.NoValue,
		eventArg("event"), hexArg("flags")),
	fnRemoveFromContext: called(fileCore, "__perf_remove_from_context", trace.NoValue,
		eventArg("event"), hexArg("flags")),
	fnPutEvent:    inlined(fileCore, "put_event", trace.NoValue, eventArg("event")),
	fnFreeEvent:   called(fileCore, "_free_event", trace.NoValue, eventArg("event")),
	fnPerfRelease: called(fileCore, "perf_release", trace.Int, eventArg("event")),
	fnCtxResched:  called(fileCore, "ctx_resched", trace.NoValue, cpuArg("cpu"), hexArg("event_type")),
	fnPerfEventSchedIn: inlined(fileCore, "perf_event_sched_in", trace.NoValue,
		cpuArg("cpu"), taskArg("task")),
	fnCPUCtxSchedIn: inlined(fileCore, "cpu_ctx_sched_in", trace.NoValue,
		cpuArg("cpu"), hexArg("event_type")),
	fnCPUCtxSchedOut: inlined(fileCore, "cpu_ctx_sched_out", trace.NoValue,
		cpuArg("cpu"), hexArg("event_type")),
	fnTaskCtxSchedOut: inlined(fileCore, "task_ctx_sched_out", trace.NoValue,
		cpuArg("cpu"), hexArg("event_type")),
	fnCtxSchedIn: called(fileCore, "ctx_sched_in", trace.NoValue, cpuArg("cpu"), hexArg("event_type")),
	fnCtxSchedOut: called(fileCore, "ctx_sched_out", trace.NoValue,
		cpuArg("cpu"), hexArg("event_type")),
	fnCtxPinnedSchedIn:   inlined(fileCore, "ctx_pinned_sched_in", trace.NoValue),
	fnCtxFlexibleSchedIn: inlined(fileCore, "ctx_flexible_sched_in", trace.NoValue),
	fnVisitGroupsMerge:   called(fileCore, "visit_groups_merge", trace.Int, cpuArg("cpu")),
	fnPinnedSchedIn:      called(fileCore, "pinned_sched_in", trace.Int, eventArg("event")),
	fnFlexibleSchedIn:    called(fileCore, "flexible_sched_in", trace.Int, eventArg("event")),
	fnMergeSchedIn:       called(fileCore, "merge_sched_in", trace.Int, eventArg("event")),
	fnGroupSchedIn:       called(fileCore, "group_sched_in", trace.Errno, eventArg("group_event")),
	fnGroupSchedOut:      called(fileCore, "group_sched_out", trace.NoValue, eventArg("group_event")),
	fnEventSchedIn:       called(fileCore, "event_sched_in", trace.Errno, eventArg("event")),
	fnEventSchedOut:      called(fileCore, "event_sched_out", trace.NoValue, eventArg("event")),
	fnPerfEventTaskSchedOut: called(fileCore, "__perf_event_task_sched_out", trace.NoValue,
		taskArg("task"), taskArg("next")),
	fnPerfEventContextSchedOut: inlined(fileCore, "perf_event_context_sched_out", trace.NoValue,
		taskArg("task"), taskArg("next")),
	fnPerfEventTaskSchedIn: called(fileCore, "__perf_event_task_sched_in", trace.NoValue,
		taskArg("prev"), taskArg("task")),
	fnPerfEventContextSchedIn: inlined(fileCore, "perf_event_context_sched_in", trace.NoValue,
		taskArg("task")),
	fnPerfEventInitTask: called(fileCore, "perf_event_init_task", trace.Errno, taskArg("child")),
	fnInheritEvent: called(fileCore, "inherit_event", trace.Errno,
		eventArg("parent_event"), taskArg("child")),
	fnPerfEventExec:     called(fileCore, "perf_event_exec", trace.NoValue),
	fnPerfEventExitTask: called(fileCore, "perf_event_exit_task", trace.NoValue, taskArg("child")),
	fnPerfEventExitTaskContext: inlined(fileCore, "perf_event_exit_task_context", trace.NoValue,
		taskArg("child")),
	fnPerfEventExitEvent: called(fileCore, "perf_event_exit_event", trace.NoValue, eventArg("event")),
	fnPerfEventExitCPU:   called(fileCore, "perf_event_exit_cpu", trace.Int, cpuArg("cpu")),
	fnPerfEventExitCPUContext: inlined(fileCore, "perf_event_exit_cpu_context", trace.NoValue,
		cpuArg("cpu")),
	fnPerfEventExitContext: called(fileCore, "__perf_event_exit_context", trace.NoValue),
	fnPerfEventInitCPU:     called(fileCore, "perf_event_init_cpu", trace.Int, cpuArg("cpu")),
	fnPerfBpEvent:          called(fileCore, "perf_bp_event", trace.NoValue, eventArg("bp")),
	fnPerfSweventEvent:     called(fileCore, "perf_swevent_event", trace.NoValue, eventArg("event")),
	fnPerfSweventOverflow:  called(fileCore, "perf_swevent_overflow", trace.NoValue, eventArg("event")),
	fnPerfEventOverflow:    called(fileCore, "__perf_event_overflow", trace.Int, eventArg("event")),
	fnPerfEventOutputForward: called(fileCore, "perf_event_output_forward", trace.NoValue,
		eventArg("event")),

	fnSmpCallFunctionSingle:       called(fileSmp, "smp_call_function_single", trace.Errno, cpuArg("cpu")),
	fnGenericExecSingle:           called(fileSmp, "generic_exec_single", trace.Errno, cpuArg("cpu")),
	fnFlushSmpCallFunctionQueue:   called(fileSmp, "flush_smp_call_function_queue", trace.NoValue),
	fnFlushSmpCallFunctionQueue61: called(fileSmp, "__flush_smp_call_function_queue", trace.NoValue),
	fnGenericSmpCallFunctionSingleInterrupt: called(fileSmp,
		"generic_smp_call_function_single_interrupt", trace.NoValue),
	fnHandleIPI:              called(fileArchSmp, "handle_IPI", trace.NoValue, intArg("ipinr")),
	fnDoHandleIPI:            inlined(fileArchSmp, "do_handle_IPI", trace.NoValue, intArg("ipinr")),
	fnIPIHandler:             called(fileArchSmp, "ipi_handler", trace.NoValue),
	fnHandlePercpuDevidIrq:   called("kernel/irq/chip.c", "handle_percpu_devid_irq", trace.NoValue),
	fnHandleIrqDesc:          called(fileIrqDesc, "handle_irq_desc", trace.NoValue),
	fnGenericHandleDomainIrq: called(fileIrqDesc, "generic_handle_domain_irq", trace.NoValue),
	fnGicHandleIrq:           called("drivers/irqchip/irq-gic-v3.c", "gic_handle_irq", trace.NoValue),
	fnCallOnIrqStack:         called(fileEntry, "call_on_irq_stack", trace.NoValue),
	fnDoInterruptHandler:     called(fileEntryC, "do_interrupt_handler", trace.NoValue),
	fnEl1Interrupt:           called(fileEntryC, "el1_interrupt", trace.NoValue),
	fnEl1h64IrqHandler:       called(fileEntryC, "el1h_64_irq_handler", trace.NoValue),
	fnEl1h64Irq:              called(fileEntry, "el1h_64_irq", trace.NoValue),
	fnEl0Interrupt:           called(fileEntryC, "el0_interrupt", trace.NoValue),
	fnEl0IrqHandlerCommon:    called(fileEntryC, "__el0_irq_handler_common", trace.NoValue),
	fnEl0t64IrqHandler:       called(fileEntryC, "el0t_64_irq_handler", trace.NoValue),
	fnEl0t64Irq:              called(fileEntry, "el0t_64_irq", trace.NoValue),
	fnEl1Irq:                 called(fileEntry, "el1_irq", trace.NoValue),
	fnEl0IrqNaked:            called(fileEntry, "el0_irq_naked", trace.NoValue),
	fnEl1Dbg:                 called(fileEntry, "el1_dbg", trace.NoValue),
	fnEl0Dbg:                 called(fileEntry, "el0_dbg", trace.NoValue),
	fnDoDebugException: called("arch/arm64/mm/fault.c", "do_debug_exception", trace.Int,
		hexArg("addr"), hexArg("esr")),
	fnEl1h64SyncHandler:    called(fileEntryC, "el1h_64_sync_handler", trace.NoValue),
	fnEl1h64Sync:           called(fileEntry, "el1h_64_sync", trace.NoValue),
	fnEl0t64SyncHandler:    called(fileEntryC, "el0t_64_sync_handler", trace.NoValue),
	fnEl0t64Sync:           called(fileEntry, "el0t_64_sync", trace.NoValue),
	fnEl0SvcCommon:         called(fileSyscall, "el0_svc_common", trace.NoValue),
	fnEl0SvcHandler:        called(fileSyscall, "el0_svc_handler", trace.NoValue),
	fnEl0Svc:               called(fileEntry, "el0_svc", trace.NoValue),
	fnDoEl0Svc:             called(fileSyscall, "do_el0_svc", trace.NoValue),
	fnInvokeSyscall:        called(fileSyscall, "invoke_syscall", trace.NoValue),
	fnSecondaryStartKernel: called(fileArchSmp, "secondary_start_kernel", trace.NoValue),
	fnNotifyCPUStarting:    called(fileCPU, "notify_cpu_starting", trace.NoValue, cpuArg("cpu")),
	fnCPUStartupEntry:      called(fileIdle, "cpu_startup_entry", trace.NoValue),
	fnDoIdle:               called(fileIdle, "do_idle", trace.NoValue),
	fnDefaultIdleCall:      inlined(fileIdle, "default_idle_call", trace.NoValue),
	fnArchCPUIdle:          called(fileProcess, "arch_cpu_idle", trace.NoValue),

	fnCpuhpInvokeCallback: called(fileCPU, "cpuhp_invoke_callback", trace.Errno,
		cpuArg("cpu"), textArg("state")),
	fnCpuhpInvokeCallbackRange: called(fileCPU, "__cpuhp_invoke_callback_range", trace.Errno,
		cpuArg("cpu")),
	fnCpuhpInvokeCallbackRangeNofail: inlined(fileCPU, "cpuhp_invoke_callback_range_nofail", trace.NoValue,
		cpuArg("cpu")),
	fnCpuhpThreadFun:  called(fileCPU, "cpuhp_thread_fun", trace.NoValue, cpuArg("cpu")),
	fnSmpbootThreadFn: called("kernel/smpboot.c", "smpboot_thread_fn", trace.Int),
	fnCPUSuspend:      called(fileSuspend, "cpu_suspend", trace.Errno),
	fnCPUSuspendExit:  called(fileSuspend, "__cpu_suspend_exit", trace.NoValue),

	fnSchedule:      called(fileSched, "schedule", trace.NoValue),
	fnScheduleInner: called(fileSched, "__schedule", trace.NoValue),
	fnContextSwitch: inlined(fileSched, "context_switch", trace.NoValue,
		taskArg("prev"), taskArg("next")),
	fnPrepareTaskSwitch: inlined(fileSched, "prepare_task_switch", trace.NoValue,
		taskArg("prev"), taskArg("next")),
	fnSwitchTo: called(fileProcess, "__switch_to", trace.NoValue,
		taskArg("prev"), taskArg("next")),
	fnFinishTaskSwitch: called(fileSched, "finish_task_switch", trace.NoValue, taskArg("prev")),
	fnScheduleTail:     called(fileSched, "schedule_tail", trace.NoValue, taskArg("prev")),
	fnRetFromFork:      called(fileEntry, "ret_from_fork", trace.NoValue),
	fnKthread:          called("kernel/kthread.c", "kthread", trace.Int),
	fnDoFork:           called(fileFork, "_do_fork", trace.Errno),
	fnCopyProcess:      called(fileFork, "copy_process", trace.Errno),
	fnDoExecve:         called(fileExec, "do_execve", trace.Errno),
	fnFlushOldExec:     called(fileExec, "flush_old_exec", trace.Errno),
	fnDoExit:           called(fileExit, "do_exit", trace.NoValue, intArg("code")),
	fnDoGroupExit:      called(fileExit, "do_group_exit", trace.NoValue, intArg("exit_code")),
	fnSeSysExit:        called(fileExit, "__se_sys_exit", trace.NoValue, intArg("error_code")),
	fnExitFiles:        called("fs/file.c", "exit_files", trace.NoValue, taskArg("tsk")),
	fnExitThread:       called(fileProcess, "exit_thread", trace.NoValue, taskArg("tsk")),
	fnTaskWorkRun:      called("kernel/task_work.c", "task_work_run", trace.NoValue),
	fnDoNotifyResume:   called("arch/arm64/kernel/signal.c", "do_notify_resume", trace.NoValue),
	fnWorkPending:      called(fileEntry, "work_pending", trace.NoValue),
	fnFput:             called("fs/file_table.c", "____fput", trace.NoValue),
	fnFputInner:        called("fs/file_table.c", "__fput", trace.NoValue),

	fnWorkerThread:   called(fileWq, "worker_thread", trace.Int),
	fnProcessOneWork: called(fileWq, "process_one_work", trace.NoValue, textArg("work")),
	fnInsertWork:     inlined(fileWq, "insert_work", trace.NoValue, textArg("work")),
	fnQueueWorkInner: called(fileWq, "__queue_work", trace.NoValue, cpuArg("cpu"), textArg("work")),
	fnQueueWorkOn:    called(fileWq, "queue_work_on", trace.Int, cpuArg("cpu"), textArg("work")),
	fnQueueDelayedWorkOn: called(fileWq, "queue_delayed_work_on", trace.Int,
		cpuArg("cpu"), textArg("dwork"), jiffyArg("delay")),
	fnModDelayedWorkOn: called(fileWq, "mod_delayed_work_on", trace.Int,
		cpuArg("cpu"), textArg("dwork"), jiffyArg("delay")),
	fnCancelDelayedWork:     called(fileWq, "cancel_delayed_work", trace.Int, textArg("dwork")),
	fnCancelDelayedWorkSync: called(fileWq, "cancel_delayed_work_sync", trace.Int, textArg("dwork")),
	fnCancelWorkSync:        called(fileWq, "cancel_work_sync", trace.Int, textArg("work")),
	fnFlushWork:             called(fileWq, "flush_work", trace.Int, textArg("work")),
	fnFlushDelayedWork:      called(fileWq, "flush_delayed_work", trace.Int, textArg("dwork")),
	fnDelayedWorkTimerFn:    called(fileWq, "delayed_work_timer_fn", trace.NoValue, textArg("dwork")),
	fnCallTimerFn:           called(fileTimer, "call_timer_fn", trace.NoValue),
	fnExpireTimers:          inlined(fileTimer, "expire_timers", trace.NoValue),
	fnRunTimers:             inlined(fileTimer, "__run_timers", trace.NoValue),
	fnRunTimerSoftirq:       called(fileTimer, "run_timer_softirq", trace.NoValue),
	fnDoSoftirq:             called(fileSoftirq, "__do_softirq", trace.NoValue),
	fnDoSoftirqInner61:      called(fileArchIrq, "____do_softirq", trace.NoValue),
	fnDoSoftirqOwnStack:     called(fileArchIrq, "do_softirq_own_stack", trace.NoValue),
	fnIrqExit:               called(fileSoftirq, "irq_exit", trace.NoValue),
	fnIrqExitRcu:            called(fileSoftirq, "irq_exit_rcu", trace.NoValue),
	fnIrqExitRcuInner:       called(fileSoftirq, "__irq_exit_rcu", trace.NoValue),
	fnHandleDomainIrq:       called(fileIrqDesc, "__handle_domain_irq", trace.NoValue),
	fnMsleep:                called(fileTimer, "msleep", trace.NoValue, intArg("msecs")),

	fnPtraceHbpSetAddr: inlined(filePtrace, "ptrace_hbp_set_addr", trace.Errno,
		taskArg("tsk"), intArg("idx"), hexArg("addr")),
	fnPtraceHbpSetCtrl: inlined(filePtrace, "ptrace_hbp_set_ctrl", trace.Errno,
		taskArg("tsk"), intArg("idx"), hexArg("uctrl")),
	fnPtraceHbpCreate: called(filePtrace, "ptrace_hbp_create", trace.Errno,
		taskArg("tsk"), intArg("idx")),
	fnPtraceHbptriggered: called(filePtrace, "ptrace_hbptriggered", trace.NoValue, eventArg("bp")),
	fnHwBreakSet:         called(filePtrace, "hw_break_set", trace.Errno, taskArg("target")),
	fnHwBreakGet:         called(filePtrace, "hw_break_get", trace.Errno, taskArg("target")),
	fnPtraceRegset:       called("kernel/ptrace.c", "ptrace_regset", trace.Errno, taskArg("task")),
	fnPtraceRequest:      called("kernel/ptrace.c", "ptrace_request", trace.Errno, taskArg("child")),
	fnArchPtrace:         called(filePtrace, "arch_ptrace", trace.Errno, taskArg("child")),
	fnSeSysPtrace: called("kernel/ptrace.c", "__se_sys_ptrace", trace.Errno,
		hexArg("request"), taskArg("pid")),

	fnDumpBacktrace: called(fileTraps, "dump_backtrace", trace.NoValue),
	fnShowStack:     inlined(fileTraps, "show_stack", trace.NoValue),
	fnDumpStackLvl:  called("lib/dump_stack.c", "dump_stack_lvl", trace.NoValue),
	fnDumpStack:     called("lib/dump_stack.c", "dump_stack", trace.NoValue),
}

var fnTable = trace.NewTable(fns[:])

type traceFn = trace.FnID

// Functions returns the modelled kernel functions, by kernel file. Callers must not change them.
func Functions() []trace.Fn { return fns[1:] }
