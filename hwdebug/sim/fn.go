// The table of modelled kernel functions: name, file, arguments and result, and whether each has a frame.

package sim

import "github.com/hwlua/hwlua/hwdebug/trace"

// A traceFn is the number of a modelled function, and whether the function has a frame of its own.
type traceFn = trace.Key

// fns is the table, indexed by function number. A function whose variable is _ is known by name, but
// the model never enters it.
var fns = []trace.Fn{{Name: "(none)"}}

// A source is a kernel file. Its methods add functions to the table.
type source string

const (
	fileArchHw  source = "arch/arm64/kernel/hw_breakpoint.c"
	fileMon     source = "arch/arm64/kernel/debug-monitors.c"
	fileHw      source = "kernel/events/hw_breakpoint.c"
	fileCore    source = "kernel/events/core.c"
	fileSmp     source = "kernel/smp.c"
	fileArchSmp source = "arch/arm64/kernel/smp.c"
	fileEntry   source = "arch/arm64/kernel/entry.S"
	fileCPU     source = "kernel/cpu.c"
	fileEntryC  source = "arch/arm64/kernel/entry-common.c"
	fileSyscall source = "arch/arm64/kernel/syscall.c"
	fileIrqDesc source = "kernel/irq/irqdesc.c"
	fileIdle    source = "kernel/sched/idle.c"
	fileArchIrq source = "arch/arm64/kernel/irq.c"
	fileProcess source = "arch/arm64/kernel/process.c"
	fileSuspend source = "arch/arm64/kernel/suspend.c"
	fileSched   source = "kernel/sched/core.c"
	fileFork    source = "kernel/fork.c"
	fileExit    source = "kernel/exit.c"
	fileExec    source = "fs/exec.c"
	fileWq      source = "kernel/workqueue.c"
	fileTimer   source = "kernel/time/timer.c"
	fileSoftirq source = "kernel/softirq.c"
	filePtrace  source = "arch/arm64/kernel/ptrace.c"
	fileRead    source = "fs/read_write.c"
	filePipe    source = "fs/pipe.c"
	fileTraps   source = "arch/arm64/kernel/traps.c"
	fileSignal  source = "kernel/signal.c"
	fileIrqWork source = "kernel/irq_work.c"

	fileArchSignal source = "arch/arm64/kernel/signal.c"
	fileCompl      source = "kernel/sched/completion.c"
	fileMutex      source = "kernel/locking/mutex.c"
)

func (s source) fn(ret trace.Kind, name string, args ...trace.Arg) traceFn {
	fns = append(fns, trace.Fn{Name: name, File: string(s), Args: args, Ret: ret})
	return trace.KeyOf(uint32(len(fns)-1), false)
}

func (s source) void(name string, args ...trace.Arg) traceFn {
	return s.fn(trace.NoValue, name, args...)
}

func (s source) errno(name string, args ...trace.Arg) traceFn {
	return s.fn(trace.Errno, name, args...)
}

func (s source) integer(name string, args ...trace.Arg) traceFn {
	return s.fn(trace.Int, name, args...)
}

// inlined marks a function that has no frame: chapter 11 of the specification puts its name in parentheses.
func inlined(fn traceFn) traceFn {
	fns[fn.Name()].Inlined = true
	return framed(fn, false)
}

// framed returns fn with or without a frame, for a function that has one in some places only.
func framed(fn traceFn, frame bool) traceFn { return trace.KeyOf(fn.Name(), !frame) }

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

// The arguments that several functions have.
var (
	argAddr      = hexArg("addr")
	argBp        = eventArg("bp")
	argChild     = taskArg("child")
	argCPU       = cpuArg("cpu")
	argDwork     = textArg("dwork")
	argEsr       = hexArg("esr")
	argEvent     = eventArg("event")
	argEventType = hexArg("event_type")
	argFlags     = hexArg("flags")
	argNext      = taskArg("next")
	argPrev      = taskArg("prev")
	argTask      = taskArg("task")
	argTsk       = taskArg("tsk")
	argWork      = textArg("work")
	argLock      = textArg("lock")
)

// The modelled functions, by kernel file. They are numbered in this order.
var (
	// arch/arm64/kernel/hw_breakpoint.c
	fnWriteWbReg            = fileArchHw.void("write_wb_reg", bankArg("reg"), intArg("n"), hexArg("val"))
	fnReadWbReg             = fileArchHw.fn(trace.Hex, "read_wb_reg", bankArg("reg"), intArg("n"))
	fnHwBreakpointSlots     = fileArchHw.integer("hw_breakpoint_slots", intArg("type"))
	fnHwBreakpointSlotSetup = fileArchHw.errno("hw_breakpoint_slot_setup",
		intArg("max_slots"), argBp, opArg("ops"))
	fnHwBreakpointControl       = fileArchHw.errno("hw_breakpoint_control", argBp, opArg("ops"))
	fnArchInstallHwBreakpoint   = inlined(fileArchHw.errno("arch_install_hw_breakpoint", argBp))
	fnArchUninstallHwBreakpoint = inlined(fileArchHw.void("arch_uninstall_hw_breakpoint", argBp))
	fnArchBuildBpInfo           = fileArchHw.errno("arch_build_bp_info", argBp)
	fnHwBreakpointArchParse     = fileArchHw.errno("hw_breakpoint_arch_parse", argBp)
	fnToggleBpRegisters         = fileArchHw.void("toggle_bp_registers",
		bankArg("reg"), levelArg("el"), switchArg("enable"))
	fnBreakpointHandler        = fileArchHw.integer("breakpoint_handler", hexArg("unused"), argEsr)
	fnDoBreakpoint             = fileArchHw.integer("do_breakpoint", hexArg("unused"), argEsr)
	fnDoWatchpoint             = fileArchHw.integer("do_watchpoint", argAddr, argEsr)
	fnWatchpointHandler        = fileArchHw.integer("watchpoint_handler", argAddr, argEsr)
	fnWatchpointReport         = inlined(fileArchHw.integer("watchpoint_report", eventArg("wp"), argAddr))
	fnReinstallSuspendedBps    = fileArchHw.integer("reinstall_suspended_bps")
	fnHwBreakpointThreadSwitch = fileArchHw.void("hw_breakpoint_thread_switch", argNext)
	fnHwBreakpointReset        = fileArchHw.integer("hw_breakpoint_reset", argCPU)
	fnFlushPtraceHwBreakpoint  = filePtrace.void("flush_ptrace_hw_breakpoint", argTsk)

	// arch/arm64/kernel/debug-monitors.c
	fnMdscrWrite              = inlined(fileMon.void("mdscr_write", hexArg("mdscr")))
	fnEnableDebugMonitors     = fileMon.void("enable_debug_monitors", levelArg("el"))
	fnDisableDebugMonitors    = fileMon.void("disable_debug_monitors", levelArg("el"))
	fnSingleStepHandler       = fileMon.integer("single_step_handler", hexArg("unused"), argEsr)
	fnKernelEnableSingleStep  = fileMon.void("kernel_enable_single_step")
	fnKernelDisableSingleStep = fileMon.void("kernel_disable_single_step")
	fnUserEnableSingleStep    = fileMon.void("user_enable_single_step", argTask)
	fnUserDisableSingleStep   = fileMon.void("user_disable_single_step", argTask)

	// kernel/events/hw_breakpoint.c
	fnToggleBpSlot = inlined(fileHw.void("toggle_bp_slot",
		argBp, switchArg("enable"), slotArg("type"), intArg("weight")))
	fnReserveBpSlotInner = fileHw.errno("__reserve_bp_slot", argBp, intArg("bp_type"))
	fnReserveBpSlot      = fileHw.errno("reserve_bp_slot", argBp)
	fnReleaseBpSlot      = fileHw.void("release_bp_slot", argBp)
	fnModifyBpSlot       = fileHw.errno("modify_bp_slot",
		argBp, intArg("old_type"), intArg("new_type"))
	fnHwBreakpointParse           = inlined(fileHw.errno("hw_breakpoint_parse", argBp))
	fnRegisterPerfHwBreakpoint    = fileHw.errno("register_perf_hw_breakpoint", argBp)
	fnHwBreakpointEventInit       = fileHw.errno("hw_breakpoint_event_init", argBp)
	fnBpPerfEventDestroy          = fileHw.void("bp_perf_event_destroy", argEvent)
	fnHwBreakpointAdd             = fileHw.errno("hw_breakpoint_add", argBp, argFlags)
	fnHwBreakpointDel             = fileHw.void("hw_breakpoint_del", argBp, argFlags)
	fnRegisterUserHwBreakpoint    = fileHw.errno("register_user_hw_breakpoint", argAddr, argTsk)
	fnModifyUserHwBreakpoint      = fileHw.errno("modify_user_hw_breakpoint", argBp)
	fnModifyUserHwBreakpointCheck = fileHw.errno("modify_user_hw_breakpoint_check", argBp)
	fnUnregisterHwBreakpoint      = fileHw.void("unregister_hw_breakpoint", argBp)
	fnRegisterWideHwBreakpoint    = fileHw.errno("register_wide_hw_breakpoint", argAddr)
	fnUnregisterWideHwBreakpoint  = fileHw.void("unregister_wide_hw_breakpoint", argAddr)

	// kernel/events/core.c
	fnPerfEventCreateKernelCounter = fileCore.errno("perf_event_create_kernel_counter",
		argAddr, argCPU, argTask)
	fnPerfEventOpen             = fileCore.errno("__se_sys_perf_event_open", argAddr, taskArg("pid"), argCPU)
	fnPerfEventOpen61           = fileCore.errno("__do_sys_perf_event_open", argAddr, taskArg("pid"), argCPU)
	fnPerfEventAlloc            = fileCore.errno("perf_event_alloc", argAddr, argCPU, argTask)
	fnPerfInitEvent             = inlined(fileCore.errno("perf_init_event", argEvent))
	fnPerfTryInitEvent          = fileCore.errno("perf_try_init_event", argEvent)
	fnPerfInstallInContext      = inlined(fileCore.void("perf_install_in_context", argEvent, argCPU))
	fnInstallInContext          = fileCore.errno("__perf_install_in_context", argEvent)
	fnAddEventToCtx             = inlined(fileCore.void("add_event_to_ctx", argEvent))
	fnListAddEvent              = inlined(fileCore.void("list_add_event", argEvent))
	fnEventFunctionCall         = fileCore.void("event_function_call", argEvent)
	fnEventFunction             = fileCore.errno("event_function", argEvent)
	fnCPUFunctionCall           = inlined(fileCore.errno("cpu_function_call", argCPU))
	fnTaskFunctionCall          = inlined(fileCore.errno("task_function_call", argTask))
	fnRemoteFunction            = fileCore.void("remote_function")
	fnPerfEventEnable           = fileCore.void("perf_event_enable", argEvent)
	fnPerfEventEnableInner      = inlined(fileCore.void("_perf_event_enable", argEvent))
	fnPerfEventEnableFn         = fileCore.void("__perf_event_enable", argEvent)
	fnPerfEventDisable          = fileCore.void("perf_event_disable", argEvent)
	fnPerfEventDisableLocal     = fileCore.void("perf_event_disable_local", argEvent)
	fnEventFunctionLocal        = fileCore.void("event_function_local", argEvent)
	fnPerfEventDisableInner     = inlined(fileCore.void("_perf_event_disable", argEvent))
	fnPerfEventDisableFn        = fileCore.void("__perf_event_disable", argEvent)
	fnEventDisable61            = fileCore.void("__event_disable", argEvent)
	fnPerfIoctl                 = fileCore.errno("perf_ioctl", argEvent)
	fnPerfRead                  = fileCore.integer("perf_read", argEvent)
	fnPerfEventModifyAttr       = fileCore.errno("perf_event_modify_attr", argEvent)
	fnPerfEventModifyBreakpoint = fileCore.errno("perf_event_modify_breakpoint", argBp)
	fnPerfEventReleaseKernel    = fileCore.errno("perf_event_release_kernel", argEvent)
	fnPerfRemoveFromContext     = inlined(fileCore.void("perf_remove_from_context", argEvent, argFlags))
	fnRemoveFromContext         = fileCore.void("__perf_remove_from_context", argEvent, argFlags)
	fnPutEvent                  = inlined(fileCore.void("put_event", argEvent))
	fnFreeEventInner            = inlined(fileCore.void("__free_event", argEvent))
	fnFreeEventOuter            = inlined(fileCore.void("free_event", argEvent))
	fnPmuCtxSchedOut            = fileCore.void("__pmu_ctx_sched_out", argEventType)
	fnInheritTaskGroup          = inlined(fileCore.errno("inherit_task_group", argEvent))
	fnPerfIoctlInner            = inlined(fileCore.errno("_perf_ioctl", argEvent))
	fnArm64SysPerfEventOpen     = inlined(fileCore.errno("__arm64_sys_perf_event_open"))
	fnFreeEvent                 = fileCore.void("_free_event", argEvent)
	fnPerfRelease               = fileCore.integer("perf_release", argEvent)
	fnCtxResched                = fileCore.void("ctx_resched", argCPU, argEventType)
	fnPerfEventSchedIn          = inlined(fileCore.void("perf_event_sched_in", argCPU, argTask))
	fnCPUCtxSchedIn             = inlined(fileCore.void("cpu_ctx_sched_in", argCPU, argEventType))
	fnCPUCtxSchedOut            = inlined(fileCore.void("cpu_ctx_sched_out", argCPU, argEventType))
	fnTaskCtxSchedOut           = inlined(fileCore.void("task_ctx_sched_out", argCPU, argEventType))
	fnCtxSchedIn                = fileCore.void("ctx_sched_in", argCPU, argEventType)
	fnCtxSchedOut               = fileCore.void("ctx_sched_out", argCPU, argEventType)
	fnCtxPinnedSchedIn          = inlined(fileCore.void("ctx_pinned_sched_in"))
	fnCtxFlexibleSchedIn        = inlined(fileCore.void("ctx_flexible_sched_in"))
	fnVisitGroupsMerge          = fileCore.integer("visit_groups_merge", argCPU)
	fnPinnedSchedIn             = fileCore.integer("pinned_sched_in", argEvent)
	fnFlexibleSchedIn           = fileCore.integer("flexible_sched_in", argEvent)
	fnMergeSchedIn              = fileCore.integer("merge_sched_in", argEvent)
	fnGroupSchedIn              = fileCore.errno("group_sched_in", eventArg("group_event"))
	fnGroupSchedOut             = fileCore.void("group_sched_out", eventArg("group_event"))
	fnEventSchedIn              = fileCore.errno("event_sched_in", argEvent)
	fnEventSchedOut             = fileCore.void("event_sched_out", argEvent)
	fnPerfEventTaskSchedOut     = fileCore.void("__perf_event_task_sched_out", argTask, argNext)
	fnPerfEventContextSchedOut  = inlined(fileCore.void("perf_event_context_sched_out", argTask, argNext))
	fnPerfEventTaskSchedIn      = fileCore.void("__perf_event_task_sched_in", argPrev, argTask)
	fnPerfEventContextSchedIn   = inlined(fileCore.void("perf_event_context_sched_in", argTask))
	fnPerfEventInitTask         = fileCore.errno("perf_event_init_task", argChild)
	fnInheritEvent              = fileCore.errno("inherit_event", eventArg("parent_event"), argChild)
	fnPerfEventExec             = fileCore.void("perf_event_exec")
	fnPerfEventExitTask         = fileCore.void("perf_event_exit_task", argChild)
	fnPerfEventExitTaskContext  = inlined(fileCore.void("perf_event_exit_task_context", argChild))
	fnPerfEventExitEvent        = fileCore.void("perf_event_exit_event", argEvent)
	fnPerfEventExitCPU          = fileCore.integer("perf_event_exit_cpu", argCPU)
	fnPerfEventExitCPUContext   = inlined(fileCore.void("perf_event_exit_cpu_context", argCPU))
	fnPerfEventExitContext      = fileCore.void("__perf_event_exit_context")
	fnPerfEventInitCPU          = fileCore.integer("perf_event_init_cpu", argCPU)
	fnPerfEventRefresh          = inlined(fileCore.errno("_perf_event_refresh", argEvent))
	fnPerfEventPeriod           = inlined(fileCore.errno("_perf_event_period", argEvent, intArg("value")))
	fnPerfEventPeriodFn         = fileCore.void("__perf_event_period", argEvent, intArg("value"))
	fnPerfPendingEvent          = fileCore.void("perf_pending_event", argEvent)
	fnPerfPendingIrq            = fileCore.void("perf_pending_irq", argEvent)
	fnPerfBpEvent               = fileCore.void("perf_bp_event", argBp)
	fnPerfSweventEvent          = fileCore.void("perf_swevent_event", argEvent)
	fnPerfSweventOverflow       = fileCore.void("perf_swevent_overflow", argEvent)
	fnPerfEventOverflow         = fileCore.integer("__perf_event_overflow", argEvent)
	fnPerfEventOutputForward    = fileCore.void("perf_event_output_forward", argEvent)

	// kernel/irq_work.c
	fnIrqWorkQueue   = fileIrqWork.integer("irq_work_queue", argWork)
	fnIrqWorkQueueOn = fileIrqWork.integer("irq_work_queue_on", argWork, argCPU)
	fnIrqWorkRun     = fileIrqWork.void("irq_work_run")
	fnIrqWorkRunList = fileIrqWork.void("irq_work_run_list")
	fnIrqWorkSingle  = fileIrqWork.void("irq_work_single", argWork)

	fnPerfEventDisableInatomic = fileCore.void("perf_event_disable_inatomic", argEvent)

	// kernel/smp.c, arch/arm64/kernel/smp.c, entry
	fnSmpCallFunctionSingle                 = fileSmp.errno("smp_call_function_single", argCPU)
	fnSmpCallFunctionMany                   = fileSmp.void("smp_call_function_many")
	fnOnEachCPU                             = fileSmp.void("on_each_cpu")
	fnOnEachCPUCondMask                     = fileSmp.void("on_each_cpu_cond_mask")
	fnSmpCallFunctionSingleInner            = inlined(fileSmp.errno("__smp_call_function_single", argCPU))
	fnGenericExecSingle                     = fileSmp.errno("generic_exec_single", argCPU)
	fnFlushSmpCallFunctionQueue             = fileSmp.void("flush_smp_call_function_queue")
	fnFlushSmpCallFunctionQueue61           = fileSmp.void("__flush_smp_call_function_queue")
	fnGenericSmpCallFunctionSingleInterrupt = fileSmp.void("generic_smp_call_function_single_interrupt")
	fnHandleIPI                             = fileArchSmp.void("handle_IPI", intArg("ipinr"))
	fnDoHandleIPI                           = inlined(fileArchSmp.void("do_handle_IPI", intArg("ipinr")))
	fnIPIHandler                            = fileArchSmp.void("ipi_handler")
	fnHandlePercpuDevidIrq                  = source("kernel/irq/chip.c").void("handle_percpu_devid_irq")
	fnHandleIrqDesc                         = fileIrqDesc.void("handle_irq_desc")
	fnGenericHandleDomainIrq                = fileIrqDesc.void("generic_handle_domain_irq")
	fnGicHandleIrq                          = source("drivers/irqchip/irq-gic-v3.c").void("gic_handle_irq")
	fnCallOnIrqStack                        = fileEntry.void("call_on_irq_stack")
	fnDoInterruptHandler                    = fileEntryC.void("do_interrupt_handler")
	fnEl1Interrupt                          = fileEntryC.void("el1_interrupt")
	fnEl1h64IrqHandler                      = fileEntryC.void("el1h_64_irq_handler")
	fnEl1h64Irq                             = fileEntry.void("el1h_64_irq")
	fnEl0Interrupt                          = fileEntryC.void("el0_interrupt")
	fnEl0IrqHandlerCommon                   = fileEntryC.void("__el0_irq_handler_common")
	fnEl0t64IrqHandler                      = fileEntryC.void("el0t_64_irq_handler")
	fnEl0t64Irq                             = fileEntry.void("el0t_64_irq")
	fnEl1Irq                                = fileEntry.void("el1_irq")
	fnEl0IrqNaked                           = fileEntry.void("el0_irq_naked")
	fnEl1Dbg                                = fileEntry.void("el1_dbg")
	fnEl0Breakpt                            = fileEntryC.void("el0_breakpt")
	fnEl0Watchpt                            = fileEntryC.void("el0_watchpt")
	fnEl0Softstp                            = fileEntryC.void("el0_softstp")
	fnEl1Breakpt                            = fileEntryC.void("el1_breakpt")
	fnEl1Watchpt                            = fileEntryC.void("el1_watchpt")
	fnEl1Softstp                            = fileEntryC.void("el1_softstp")
	fnEl0Dbg                                = fileEntry.void("el0_dbg")
	fnDoDebugException                      = source("arch/arm64/mm/fault.c").integer("do_debug_exception",
		argAddr, argEsr)
	fnEl1h64SyncHandler    = fileEntryC.void("el1h_64_sync_handler")
	fnEl1h64Sync           = fileEntry.void("el1h_64_sync")
	fnEl0t64SyncHandler    = fileEntryC.void("el0t_64_sync_handler")
	fnEl0t64Sync           = fileEntry.void("el0t_64_sync")
	fnEl0SvcCommon         = fileSyscall.void("el0_svc_common")
	fnEl0SvcHandler        = fileSyscall.void("el0_svc_handler")
	fnEl0Svc               = fileEntry.void("el0_svc")
	fnDoEl0Svc             = fileSyscall.void("do_el0_svc")
	fnInvokeSyscall        = fileSyscall.void("invoke_syscall")
	fnSecondaryStartKernel = fileArchSmp.void("secondary_start_kernel")
	fnNotifyCPUStarting    = fileCPU.void("notify_cpu_starting", argCPU)
	fnCPUStartupEntry      = fileIdle.void("cpu_startup_entry")
	fnDoIdle               = fileIdle.void("do_idle")
	fnDefaultIdleCall      = inlined(fileIdle.void("default_idle_call"))
	fnArchCPUIdle          = fileProcess.void("arch_cpu_idle")

	// kernel/cpu.c and power
	fnCpuhpSetupState                = fileCPU.errno("__cpuhp_setup_state", textArg("name"))
	fnCpuhpRemoveState               = fileCPU.void("__cpuhp_remove_state", intArg("state"))
	fnCpuhpIssueCall                 = fileCPU.errno("cpuhp_issue_call", argCPU, intArg("state"))
	fnCpuhpInvokeCallback            = fileCPU.errno("cpuhp_invoke_callback", argCPU, textArg("state"))
	fnCpuhpInvokeCallbackRange       = fileCPU.errno("__cpuhp_invoke_callback_range", argCPU)
	fnCpuhpInvokeCallbackRangeNofail = inlined(fileCPU.void("cpuhp_invoke_callback_range_nofail", argCPU))
	fnCpuhpThreadFun                 = fileCPU.void("cpuhp_thread_fun", argCPU)
	fnSmpbootThreadFn                = source("kernel/smpboot.c").integer("smpboot_thread_fn")
	fnCPUSuspend                     = fileSuspend.errno("cpu_suspend")
	fnCPUSuspendExit                 = fileSuspend.void("__cpu_suspend_exit")

	// kernel/sched, fork, exit
	fnSchedule          = fileSched.void("schedule")
	fnScheduleInner     = fileSched.void("__schedule")
	fnContextSwitch     = inlined(fileSched.void("context_switch", argPrev, argNext))
	fnPrepareTaskSwitch = inlined(fileSched.void("prepare_task_switch", argPrev, argNext))
	fnSwitchTo          = fileProcess.void("__switch_to", argPrev, argNext)
	fnFinishTaskSwitch  = fileSched.void("finish_task_switch", argPrev)
	fnScheduleTail      = fileSched.void("schedule_tail", argPrev)
	fnRetFromFork       = fileEntry.void("ret_from_fork")
	fnKthread           = source("kernel/kthread.c").integer("kthread")
	fnDoFork            = fileFork.errno("_do_fork")
	fnCopyProcess       = fileFork.errno("copy_process")
	fnKernelClone       = fileFork.errno("kernel_clone")
	fnDoSysClone        = inlined(fileFork.errno("__do_sys_clone"))
	fnArm64SysClone     = inlined(fileFork.errno("__arm64_sys_clone"))

	fnArm64SysExecve      = inlined(fileExec.errno("__arm64_sys_execve"))
	fnDoExecveFile        = inlined(fileExec.errno("__do_execve_file"))
	fnDoExecveatCommon    = inlined(fileExec.errno("do_execveat_common"))
	fnBprmExecve          = inlined(fileExec.errno("bprm_execve"))
	fnSearchBinaryHandler = inlined(fileExec.errno("search_binary_handler"))
	fnLoadElfBinary       = inlined(source("fs/binfmt_elf.c").errno("load_elf_binary"))
	fnFlushOldExec        = inlined(fileExec.errno("flush_old_exec"))
	fnSetupNewExec        = inlined(fileExec.void("setup_new_exec"))
	fnBeginNewExec        = inlined(fileExec.errno("begin_new_exec"))
	fnFlushThread         = inlined(fileProcess.void("flush_thread"))

	fnArm64SysExitGroup = inlined(fileExit.errno("__arm64_sys_exit_group"))
	fnArm64SysPtrace    = inlined(source("kernel/ptrace.c").errno("__arm64_sys_ptrace"))
	fnArm64SysIoctl     = inlined(source("fs/ioctl.c").errno("__arm64_sys_ioctl"))
	fnDoVfsIoctl        = inlined(source("fs/ioctl.c").errno("do_vfs_ioctl"))
	fnArm64SysClose     = inlined(source("fs/open.c").errno("__arm64_sys_close"))
	fnFputSync          = source("fs/file_table.c").void("__fput_sync")
	fnFputCloseSync     = source("fs/file_table.c").void("fput_close_sync")

	fnArm64SysRead = inlined(fileRead.errno("__arm64_sys_read"))
	fnKsysRead     = inlined(fileRead.errno("ksys_read"))
	fnVfsRead      = inlined(fileRead.errno("vfs_read"))
	fnVfsReadInner = inlined(fileRead.errno("__vfs_read"))
	fnNewSyncRead  = inlined(fileRead.errno("new_sync_read"))
	fnPipeRead     = inlined(filePipe.errno("pipe_read"))
	fnPipeWait     = inlined(filePipe.void("pipe_wait"))
	fnAnonPipeRead = inlined(filePipe.errno("anon_pipe_read"))

	fnStartKernel       = inlined(source("init/main.c").void("start_kernel"))
	fnRestInit          = inlined(source("init/main.c").void("rest_init"))
	fnPrimarySwitched   = inlined(source("arch/arm64/kernel/head.S").void("__primary_switched"))
	fnSecondarySwitched = inlined(source("arch/arm64/kernel/head.S").void("__secondary_switched"))

	fnDoExecve       = fileExec.errno("do_execve")
	fnDoExit         = fileExit.void("do_exit", intArg("code"))
	fnDoGroupExit    = fileExit.void("do_group_exit", intArg("exit_code"))
	fnSeSysExit      = fileExit.void("__se_sys_exit", intArg("error_code"))
	fnExitFiles      = source("fs/file.c").void("exit_files", argTsk)
	_                = fileProcess.void("exit_thread", argTsk)
	fnTaskWorkRun    = source("kernel/task_work.c").void("task_work_run")
	fnDoNotifyResume = fileArchSignal.void("do_notify_resume")
	fnExitToUserLoop = source("kernel/entry/common.c").integer("exit_to_user_mode_loop")
	fnWorkPending    = fileEntry.void("work_pending")
	fnFput           = source("fs/file_table.c").void("____fput")
	fnFputInner      = source("fs/file_table.c").void("__fput")

	// kernel/workqueue.c, kernel/time/timer.c
	fnWorkerThread          = fileWq.integer("worker_thread")
	fnProcessOneWork        = fileWq.void("process_one_work", argWork)
	fnInsertWork            = inlined(fileWq.void("insert_work", argWork))
	fnQueueWorkInner        = fileWq.void("__queue_work", argCPU, argWork)
	fnQueueWorkOn           = fileWq.integer("queue_work_on", argCPU, argWork)
	fnQueueDelayedWorkOn    = fileWq.integer("queue_delayed_work_on", argCPU, argDwork, jiffyArg("delay"))
	fnModDelayedWorkOn      = fileWq.integer("mod_delayed_work_on", argCPU, argDwork, jiffyArg("delay"))
	fnCancelDelayedWork     = fileWq.integer("cancel_delayed_work", argDwork)
	fnCancelDelayedWorkSync = fileWq.integer("cancel_delayed_work_sync", argDwork)
	fnCancelWorkSync        = fileWq.integer("cancel_work_sync", argWork)
	fnFlushWork             = fileWq.integer("flush_work", argWork)
	fnFlushDelayedWork      = fileWq.integer("flush_delayed_work", argDwork)
	fnDelayedWorkTimerFn    = fileWq.void("delayed_work_timer_fn", argDwork)
	fnCallTimerFn           = fileTimer.void("call_timer_fn")
	fnExpireTimers          = inlined(fileTimer.void("expire_timers"))
	fnRunTimers             = inlined(fileTimer.void("__run_timers"))
	fnRunTimerSoftirq       = fileTimer.void("run_timer_softirq")
	fnDoSoftirq             = fileSoftirq.void("__do_softirq")
	fnDoSoftirqInner61      = fileArchIrq.void("____do_softirq")
	fnDoSoftirqOwnStack     = fileArchIrq.void("do_softirq_own_stack")
	fnIrqExit               = fileSoftirq.void("irq_exit")
	fnIrqExitRcu            = fileSoftirq.void("irq_exit_rcu")
	fnIrqExitRcuInner       = fileSoftirq.void("__irq_exit_rcu")
	fnHandleDomainIrq       = fileIrqDesc.void("__handle_domain_irq")
	fnMsleep                = fileTimer.void("msleep", intArg("msecs"))
	fnInitTimerKey          = fileTimer.void("init_timer_key", textArg("timer"))
	fnModTimer              = fileTimer.integer("mod_timer", textArg("timer"), jiffyArg("delay"))
	fnDelTimer              = fileTimer.integer("del_timer", textArg("timer"))
	fnDelTimerSync          = fileTimer.integer("del_timer_sync", textArg("timer"))
	fnTimerDelete           = fileTimer.integer("timer_delete", textArg("timer"))
	fnTimerDeleteSync       = fileTimer.integer("timer_delete_sync", textArg("timer"))
	fnTimerDeleteSyncInner  = fileTimer.integer("__timer_delete_sync")

	// functions that may sleep, and what checks them
	fnMutexLock       = fileMutex.void("mutex_lock", argLock)
	fnKmemCacheAlloc  = source("mm/slab.h").void("kmem_cache_alloc")
	fnStartFlushWork  = inlined(fileWq.void("start_flush_work", argWork))
	fnMightSleep      = fileSched.void("__might_sleep")
	fnMightSleepInner = fileSched.void("___might_sleep")
	fnMightResched    = fileSched.void("__might_resched")

	// kernel/locking/mutex.c, kernel/sched/completion.c
	argCompletion       = textArg("x")
	fnMutexTrylock      = fileMutex.integer("mutex_trylock", argLock)
	fnMutexUnlock       = fileMutex.void("mutex_unlock", argLock)
	fnComplete          = fileCompl.void("complete", argCompletion)
	fnCompleteAll       = fileCompl.void("complete_all", argCompletion)
	fnWaitForCompletion = fileCompl.void("wait_for_completion", argCompletion)

	// arch/arm64/kernel/ptrace.c
	fnPtraceHbpSetAddr = inlined(filePtrace.errno("ptrace_hbp_set_addr", argTsk, intArg("idx"), argAddr))
	fnPtraceHbpSetCtrl = inlined(filePtrace.errno("ptrace_hbp_set_ctrl",
		argTsk, intArg("idx"), hexArg("uctrl")))
	fnPtraceHbpCreate    = filePtrace.errno("ptrace_hbp_create", argTsk, intArg("idx"))
	fnPtraceHbptriggered = filePtrace.void("ptrace_hbptriggered", argBp)
	fnHwBreakSet         = filePtrace.errno("hw_break_set", taskArg("target"))
	_                    = filePtrace.errno("hw_break_get", taskArg("target"))
	fnPtraceRegset       = source("kernel/ptrace.c").errno("ptrace_regset", argTask)
	fnPtraceRequest      = source("kernel/ptrace.c").errno("ptrace_request", argChild)
	fnArchPtrace         = filePtrace.errno("arch_ptrace", argChild)
	fnSeSysPtrace        = source("kernel/ptrace.c").errno("__se_sys_ptrace",
		hexArg("request"), taskArg("pid"))

	// kernel/signal.c
	argSig                  = intArg("sig")
	fnSendSig               = fileSignal.errno("send_sig", argSig, taskArg("p"))
	fnSendSigInfo           = fileSignal.errno("send_sig_info", argSig, taskArg("p"))
	fnDoSendSigInfo         = fileSignal.errno("do_send_sig_info", argSig, taskArg("p"))
	fnSendSignal            = inlined(fileSignal.void("send_signal", argSig, taskArg("t")))
	fnSendSignalInner       = fileSignal.void("__send_signal", argSig, taskArg("t"))
	fnSendSignalLocked      = fileSignal.void("send_signal_locked", argSig, taskArg("t"))
	fnSendSignalLockedInner = fileSignal.void("__send_signal_locked", argSig, taskArg("t"))
	fnCompleteSignal        = fileSignal.void("complete_signal", argSig, taskArg("p"))
	fnGetSignal             = fileSignal.void("get_signal")
	fnDoSignal              = inlined(fileArchSignal.void("do_signal"))
	fnArchDoSignalOrRestart = fileArchSignal.void("arch_do_signal_or_restart")
	fnPtraceSignal          = inlined(fileSignal.integer("ptrace_signal", argSig))
	fnPtraceDoNotify        = fileSignal.integer("ptrace_do_notify", argSig)
	fnPtraceStop            = fileSignal.integer("ptrace_stop", argSig)
	fnSyscallTraceExit      = filePtrace.void("syscall_trace_exit")
	fnRtSigreturn           = fileArchSignal.void("__arm64_sys_rt_sigreturn")

	// arch/arm64/kernel/traps.c, lib/dump_stack.c
	fnPrintk        = source("kernel/printk/printk.c").integer("printk")
	fnPrintkSix     = source("kernel/printk/printk.c").integer("_printk") // from 5.15 on
	fnDumpBacktrace = fileTraps.void("dump_backtrace")
	fnShowStack     = inlined(fileTraps.void("show_stack"))
	fnDumpStackLvl  = source("lib/dump_stack.c").void("dump_stack_lvl")
	fnDumpStack     = source("lib/dump_stack.c").void("dump_stack")
)

var fnTable = trace.NewTable(fns) // declared, and so initialized, after the functions

// Functions returns the modelled kernel functions, by kernel file. Callers must not change them.
func Functions() []trace.Fn { return fns[1:] }
