---@meta hw

-- Generated from the description of the script API; do not edit.

---An exact integer up to 2^64-1. Below 2^53 it is an ordinary number.
---@alias u64 integer

---The options of hw.machine.
---@class hw.machine_options
---@field cpus? integer CPUs, 1 to 1024 (default: 4)
---@field brps? integer|integer[] implemented breakpoint registers, 1 to 16; a table gives one count per CPU, CPU 0 first (default: 6)
---@field wrps? integer|integer[] implemented watchpoint registers, 1 to 16; a table gives one count per CPU, CPU 0 first (default: 4)
---@field cpu? string|string[] the core: the two counts and its features; hw.presets lists them; a table gives one core per CPU, CPU 0 first (default: "cortex-a57")
---@field kernel? string behavior and call chains; hw.kernels lists them, any other release means the nearest (default: "4.19.116")
---@field hz? integer timer ticks a second (default: 250)
---@field name? string hardware name in logs (default: "test_mach")
---@field va_bits? integer size of the user's address space (default: 39)
---@field vhe? boolean the kernel runs at EL2 (default: false)
---@field nodebugmon? boolean the boot option nodebugmon (default: false)
---@field far? "exact"|"start"|"floor16"|"above" the address that a watchpoint reports (default: "exact")
---@field release? string the release in the headers of dump_stack (default: from the profile)
---@field version? string the version in the headers of dump_stack (default: from the profile)
---@field taint? string taint flags, one letter each (default: not tainted)
---@field trace_size? integer the number of records of modelled calls that are kept; 0 keeps none (default: 65536)
---@field bas_copies? boolean DBGBCR reads back BAS[1] and BAS[3] as copies of BAS[0] and BAS[2], as on the recorded machine (default: false)
---@field stale_wnr? boolean a watchpoint that stores have fired reports later loads as stores too, as on the recorded machine (R-REG-27) (default: false)
---@field log_ops? boolean hw_breakpoint_control logs its operation, as in the seed's second listing (default: false)
---@field seed? u64 where the kernel leaves order open, 0 takes one fixed order; any other seed draws the order (default: 0)
---@field paranoid? integer perf_event_paranoid (default: 0)
---@field debug_atomic_sleep? boolean a call that may sleep logs it first where sleeping is not allowed (CONFIG_DEBUG_ATOMIC_SLEEP) (default: false)
---@field no_cap_sys_admin? boolean user tasks lack CAP_SYS_ADMIN and CAP_PERFMON unless the task says otherwise; kernel threads and the script have all (default: false)

---The attributes of an event: the fields of perf_event_attr that matter here.
---@class hw.attr
---@field type? "r"|"w"|"rw"|"x"|integer the accesses to watch for; a number is passed on as bp_type (default: 0)
---@field addr? u64 the address (default: 0)
---@field len? u64 the length in bytes (default: 0, 4 for "x")
---@field disabled? boolean do not enable it yet (default: false)
---@field pinned? boolean it must be in a register whenever its CPU or task runs (default: false; true for register_*)
---@field sample_period? u64 the number of hits for each call of the handler; 0 never calls it (default: 0; 1 for register_*)
---@field exclude_user? boolean ignore accesses from EL0 (default: false)
---@field exclude_kernel? boolean ignore accesses from EL1 (default: false)
---@field exclude_hv? boolean ignore accesses from a hypervisor (default: false)
---@field inherit? boolean children of the task inherit it (default: false)
---@field enable_on_exec? boolean enable it when the task starts a new image (default: false)
---@field remove_on_exec? boolean end it when the task starts a new image, from 5.13 on (default: false)
---@field inherit_thread? boolean with inherit: new threads inherit it, and new processes do not, from 5.13 on (default: false)
---@field sigtrap? boolean a sample sends SIGTRAP to the task, from 5.13 on; needs remove_on_exec (default: false)
---@field freq? boolean|u64 true: sample_period is a frequency in Hz; a number is that frequency (default: false)
---@field read_format? ("group"|"total_time_enabled"|"total_time_running"|"id")[] what ev:read_values() returns (default: {})
---@field sample_read? boolean PERF_SAMPLE_READ in sample_type (default: false)
---@field sample_tid? boolean PERF_SAMPLE_TID in sample_type; from 6.12 on sample_read and inherit need it (default: false)
---@field branch_stack? boolean PERF_SAMPLE_BRANCH_STACK in sample_type (default: false)
---@field name? string a label for the script; the kernel never sees it

---The argument of m:perf_event_open: attributes, and where to count.
---@class hw.perf_event_attr
---@field type? "r"|"w"|"rw"|"x"|integer the accesses to watch for; a number is passed on as bp_type (default: 0)
---@field addr? u64 the address (default: 0)
---@field len? u64 the length in bytes (default: 0, 4 for "x")
---@field disabled? boolean do not enable it yet (default: false)
---@field pinned? boolean it must be in a register whenever its CPU or task runs (default: false; true for register_*)
---@field sample_period? u64 the number of hits for each call of the handler; 0 never calls it (default: 0; 1 for register_*)
---@field exclude_user? boolean ignore accesses from EL0 (default: false)
---@field exclude_kernel? boolean ignore accesses from EL1 (default: false)
---@field exclude_hv? boolean ignore accesses from a hypervisor (default: false)
---@field inherit? boolean children of the task inherit it (default: false)
---@field enable_on_exec? boolean enable it when the task starts a new image (default: false)
---@field remove_on_exec? boolean end it when the task starts a new image, from 5.13 on (default: false)
---@field inherit_thread? boolean with inherit: new threads inherit it, and new processes do not, from 5.13 on (default: false)
---@field sigtrap? boolean a sample sends SIGTRAP to the task, from 5.13 on; needs remove_on_exec (default: false)
---@field freq? boolean|u64 true: sample_period is a frequency in Hz; a number is that frequency (default: false)
---@field read_format? ("group"|"total_time_enabled"|"total_time_running"|"id")[] what ev:read_values() returns (default: {})
---@field sample_read? boolean PERF_SAMPLE_READ in sample_type (default: false)
---@field sample_tid? boolean PERF_SAMPLE_TID in sample_type; from 6.12 on sample_read and inherit need it (default: false)
---@field branch_stack? boolean PERF_SAMPLE_BRANCH_STACK in sample_type (default: false)
---@field name? string a label for the script; the kernel never sees it
---@field task? hw.task the task to follow
---@field cpu? integer the CPU to count on; -1 counts wherever the task runs (default: -1)
---@field group? hw.event the leader of the group that it joins: it is in a register only together with the others

---The argument of m:register_user_hw_breakpoint: attributes, the task, and a handler.
---@class hw.user_attr
---@field type? "r"|"w"|"rw"|"x"|integer the accesses to watch for; a number is passed on as bp_type (default: 0)
---@field addr? u64 the address (default: 0)
---@field len? u64 the length in bytes (default: 0, 4 for "x")
---@field disabled? boolean do not enable it yet (default: false)
---@field pinned? boolean it must be in a register whenever its CPU or task runs (default: false; true for register_*)
---@field sample_period? u64 the number of hits for each call of the handler; 0 never calls it (default: 0; 1 for register_*)
---@field exclude_user? boolean ignore accesses from EL0 (default: false)
---@field exclude_kernel? boolean ignore accesses from EL1 (default: false)
---@field exclude_hv? boolean ignore accesses from a hypervisor (default: false)
---@field inherit? boolean children of the task inherit it (default: false)
---@field enable_on_exec? boolean enable it when the task starts a new image (default: false)
---@field remove_on_exec? boolean end it when the task starts a new image, from 5.13 on (default: false)
---@field inherit_thread? boolean with inherit: new threads inherit it, and new processes do not, from 5.13 on (default: false)
---@field sigtrap? boolean a sample sends SIGTRAP to the task, from 5.13 on; needs remove_on_exec (default: false)
---@field freq? boolean|u64 true: sample_period is a frequency in Hz; a number is that frequency (default: false)
---@field read_format? ("group"|"total_time_enabled"|"total_time_running"|"id")[] what ev:read_values() returns (default: {})
---@field sample_read? boolean PERF_SAMPLE_READ in sample_type (default: false)
---@field sample_tid? boolean PERF_SAMPLE_TID in sample_type; from 6.12 on sample_read and inherit need it (default: false)
---@field branch_stack? boolean PERF_SAMPLE_BRANCH_STACK in sample_type (default: false)
---@field name? string a label for the script; the kernel never sees it
---@field task? hw.task the task to follow
---@field on_hit? fun(ev: hw.event, hit: hw.hit) a custom handler; the kernel then does not step over the access, so disable the event, move it or set hit.skip

---The argument of m:perf_event_create_kernel_counter: attributes, where to count, and a handler.
---@class hw.kernel_attr
---@field type? "r"|"w"|"rw"|"x"|integer the accesses to watch for; a number is passed on as bp_type (default: 0)
---@field addr? u64 the address (default: 0)
---@field len? u64 the length in bytes (default: 0, 4 for "x")
---@field disabled? boolean do not enable it yet (default: false)
---@field pinned? boolean it must be in a register whenever its CPU or task runs (default: false; true for register_*)
---@field sample_period? u64 the number of hits for each call of the handler; 0 never calls it (default: 0; 1 for register_*)
---@field exclude_user? boolean ignore accesses from EL0 (default: false)
---@field exclude_kernel? boolean ignore accesses from EL1 (default: false)
---@field exclude_hv? boolean ignore accesses from a hypervisor (default: false)
---@field inherit? boolean children of the task inherit it (default: false)
---@field enable_on_exec? boolean enable it when the task starts a new image (default: false)
---@field remove_on_exec? boolean end it when the task starts a new image, from 5.13 on (default: false)
---@field inherit_thread? boolean with inherit: new threads inherit it, and new processes do not, from 5.13 on (default: false)
---@field sigtrap? boolean a sample sends SIGTRAP to the task, from 5.13 on; needs remove_on_exec (default: false)
---@field freq? boolean|u64 true: sample_period is a frequency in Hz; a number is that frequency (default: false)
---@field read_format? ("group"|"total_time_enabled"|"total_time_running"|"id")[] what ev:read_values() returns (default: {})
---@field sample_read? boolean PERF_SAMPLE_READ in sample_type (default: false)
---@field sample_tid? boolean PERF_SAMPLE_TID in sample_type; from 6.12 on sample_read and inherit need it (default: false)
---@field branch_stack? boolean PERF_SAMPLE_BRANCH_STACK in sample_type (default: false)
---@field name? string a label for the script; the kernel never sees it
---@field task? hw.task the task to follow
---@field cpu? integer the CPU to count on; -1 counts wherever the task runs (default: -1)
---@field on_hit? fun(ev: hw.event, hit: hw.hit) a custom handler; the kernel then does not step over the access, so disable the event, move it or set hit.skip

---The argument of m:register_wide_hw_breakpoint: attributes and a handler.
---@class hw.wide_attr
---@field type? "r"|"w"|"rw"|"x"|integer the accesses to watch for; a number is passed on as bp_type (default: 0)
---@field addr? u64 the address (default: 0)
---@field len? u64 the length in bytes (default: 0, 4 for "x")
---@field disabled? boolean do not enable it yet (default: false)
---@field pinned? boolean it must be in a register whenever its CPU or task runs (default: false; true for register_*)
---@field sample_period? u64 the number of hits for each call of the handler; 0 never calls it (default: 0; 1 for register_*)
---@field exclude_user? boolean ignore accesses from EL0 (default: false)
---@field exclude_kernel? boolean ignore accesses from EL1 (default: false)
---@field exclude_hv? boolean ignore accesses from a hypervisor (default: false)
---@field inherit? boolean children of the task inherit it (default: false)
---@field enable_on_exec? boolean enable it when the task starts a new image (default: false)
---@field remove_on_exec? boolean end it when the task starts a new image, from 5.13 on (default: false)
---@field inherit_thread? boolean with inherit: new threads inherit it, and new processes do not, from 5.13 on (default: false)
---@field sigtrap? boolean a sample sends SIGTRAP to the task, from 5.13 on; needs remove_on_exec (default: false)
---@field freq? boolean|u64 true: sample_period is a frequency in Hz; a number is that frequency (default: false)
---@field read_format? ("group"|"total_time_enabled"|"total_time_running"|"id")[] what ev:read_values() returns (default: {})
---@field sample_read? boolean PERF_SAMPLE_READ in sample_type (default: false)
---@field sample_tid? boolean PERF_SAMPLE_TID in sample_type; from 6.12 on sample_read and inherit need it (default: false)
---@field branch_stack? boolean PERF_SAMPLE_BRANCH_STACK in sample_type (default: false)
---@field name? string a label for the script; the kernel never sees it
---@field on_hit? fun(ev: hw.event, hit: hw.hit) a custom handler; the kernel then does not step over the access, so disable the event, move it or set hit.skip

---The options of m:task.
---@class hw.task_options
---@field comm? string its name (default: made up)
---@field pid? integer its number (default: the next one)
---@field cpu? integer its CPU (default: 0)
---@field compat? boolean a 32-bit task (default: false)
---@field uid? integer its effective user ID, in the headers of dumps from 6.12 on; it decides nothing: see cap_sys_admin (default: 0)
---@field cap_sys_admin? boolean whether it has CAP_SYS_ADMIN and CAP_PERFMON (default: the machine's)
---@field body? fun(t: hw.task) the function of its thread (default: none)

---The options of ptrace requests.
---@class hw.tracer_options
---@field tracer? hw.task the task that makes the request

---The argument of cpu:write_mdscr.
---@class hw.mdscr_bits
---@field hde? boolean halting debug: debug events halt the CPU (default: as it is)
---@field mde? boolean breakpoints and watchpoints are taken (default: as it is)
---@field kde? boolean and from EL1 (default: as it is)
---@field tdcc? boolean accesses to the debug communications channel trap (default: as it is)
---@field ss? boolean software step (default: as it is)

---The options of load and store.
---@class hw.access_options
---@field pc? u64 the address of the instruction, at which breakpoints match it (default: made up)
---@field exclusive? boolean ldxr sets the CPU's monitor, stxr stores only if it is still set; every exception clears it (default: false)
---@field zva? boolean dc zva: a store of 64 bytes of zeroes to the block of the address (default: false)

---The options of t:exec.
---@class hw.exec_options
---@field svc? boolean the instruction is a system call (default: false)

---The options of t:fork.
---@class hw.fork_options
---@field comm? string the child's name (default: the parent's)
---@field pid? integer the child's number (default: the next one)

---The options of t:execve.
---@class hw.execve_options
---@field compat? boolean a 32-bit image (default: as the task is)

---The options of ev:enable and ev:disable.
---@class hw.ioctl_options
---@field group? boolean for its whole group, as with PERF_IOC_FLAG_GROUP (default: false)

---What a read of an event returns.
---@class hw.event_values
---@field value? u64 the count, without "group" in read_format
---@field group? hw.group_count[] the counts of its group, the leader's first, with "group" in read_format
---@field total_time_enabled? integer the time that it was enabled, in ns
---@field total_time_running? integer the time that it was in a register, in ns

---The event, which is also [1], and its count, which is also [2].
---@class hw.group_count
---@field ev hw.event the event
---@field count u64 its count

---The options of m:callchain.
---@class hw.callchain_options
---@field cpu? integer only entries on that CPU (default: any)
---@field nth? integer the entry, counted from 1 (default: the last)
---@field view? "frames"|"full" the names that are shown (default: "frames")

---The options of m:trace.
---@class hw.trace_filter
---@field fn? string only that kernel function (default: all)
---@field cpu? integer only on that CPU (default: all)
---@field since? number only from that time on, in seconds (default: 0)

---The fields of hw.ctrl.encode.
---@class hw.ctrl_fields
---@field type "r"|"w"|"rw"|"x"|integer the accesses to match
---@field bas? integer the byte mask (default: of len and offset)
---@field len? integer the number of bytes, 1 to 8 (default: 4 for "x")
---@field offset? integer the first byte in the doubleword (default: 0)
---@field privilege? "el0"|"el1"|"el0+el1"|"none" the exception level (default: "el0")
---@field enabled? boolean the enable bit (default: false)
---@field hmc? boolean EL2 matches too (default: false)

---A control word, in fields.
---@class hw.ctrl
---@field type "r"|"w"|"rw"|"x" the accesses that match
---@field bas integer the byte mask
---@field privilege "el0"|"el1"|"el0+el1"|"none" the exception level
---@field enabled boolean the enable bit
---@field hmc boolean EL2 matches too
---@field len? integer the number of bytes, if the mask is one run
---@field offset? integer the first byte in the doubleword, if the mask is one run

---The siginfo of a signal.
---@class hw.siginfo
---@field signo integer si_signo; SIGTRAP is 5
---@field name string the signal's name
---@field code integer si_code; TRAP_HWBKPT is 4, SI_USER 0
---@field code_name string the name of si_code
---@field addr? u64 si_addr, of a signal that an instruction caused
---@field pid? integer si_pid: the sender's, of a signal that was sent
---@field errno integer si_errno

---The reserved and installed slots of one CPU.
---@class hw.slots
---@field bp hw.slot_use its breakpoints
---@field wp hw.slot_use its watchpoints

---The slots of one kind on one CPU.
---@class hw.slot_use
---@field limit integer the number that may be reserved: the boot CPU's count
---@field usable integer the number that the slot loops use: the smallest count over the CPUs
---@field cpu_pinned integer reserved by events of the CPU
---@field task_pinned integer reserved by the busiest task
---@field on_reg table<integer, hw.event> the installed events, by slot from 0

---One entry of a modelled function.
---@class hw.trace_record
---@field fn string the kernel function
---@field cpu integer the CPU
---@field t number the time, in seconds
---@field pid integer the task that was current
---@field comm string that task's name
---@field args (any|nil)[] its arguments, in the kernel's order
---@field ret? integer|u64|string|boolean its result: "-ENOSPC" for an errno; nil while it runs, and for a function without one
---@field depth integer the number of callers on the same stack
---@field text string the call and its result as traces show them: write_wb_reg(WCR, 0, 0x1ff3)

---A core that a machine can have.
---@class hw.preset
---@field name string its name
---@field brps integer breakpoint registers
---@field wrps integer watchpoint registers
---@field uao boolean it has user access override
---@field debugver integer ID_AA64DFR0_EL1.DebugVer
---@field id_aa64dfr0_el1 u64 ID_AA64DFR0_EL1
---@field source string where that value is from

---The argument of assert.regs and assert.regs_exactly.
---@class hw.regs
---@field bvr? table<integer, u64> breakpoint values, by number from 0
---@field bcr? table<integer, u64> breakpoint controls, by number from 0
---@field wvr? table<integer, u64> watchpoint values, by number from 0
---@field wcr? table<integer, u64> watchpoint controls, by number from 0
---@field mdscr_el1? u64 MDSCR_EL1

---The options of hw.explore.
---@class hw.explore_options
---@field machine? hw.explored_machine options of the machine that fn receives (default: {})
---@field strategy? "auto"|"dfs"|"random"|"pct" which schedules are run (default: "auto")
---@field bound? integer dfs: the most preemptions of a schedule (default: none)
---@field reduce? boolean dfs: of schedules that differ only in the order of independent steps, one is run (default: true; false with bound or lua = "off")
---@field slack? string|number how long timers may overtake a thread that could run; 0: not at all (default: "10ms")
---@field max_runs? integer the most runs; 0: no limit (default: 10000)
---@field timeout? string|number the longest exploration, in real time; 0: no limit (default: "10s")
---@field max_points? integer the most points of one run; 0: no limit (default: 10000)
---@field seed? u64 of random and pct (default: 1)
---@field depth? integer of pct: one more than the changes of priority (default: 3)
---@field lua? "race"|"off" whether the script's variables have points (default: "race")
---@field grain? "call"|"fine" where points are (default: "call")
---@field shrink? boolean minimise a failing schedule (default: true)
---@field keep_going? boolean count failing schedules instead of stopping at the first (default: false)
---@field schedule? string run this schedule only (default: all)
---@field flags? boolean the options of the command line win (default: false)
---@field before? (fun())[] functions to run before fn in each schedule (default: {})
---@field after? (fun())[] functions to run after fn in each schedule (default: {})
---@field split? integer[] share i of n of the schedules (default: { 1, 1 })

---The options of an explored machine: those of hw.machine but the seed.
---@class hw.explored_machine
---@field cpus? integer CPUs, 1 to 1024 (default: 4)
---@field brps? integer|integer[] implemented breakpoint registers, 1 to 16; a table gives one count per CPU, CPU 0 first (default: 6)
---@field wrps? integer|integer[] implemented watchpoint registers, 1 to 16; a table gives one count per CPU, CPU 0 first (default: 4)
---@field cpu? string|string[] the core: the two counts and its features; hw.presets lists them; a table gives one core per CPU, CPU 0 first (default: "cortex-a57")
---@field kernel? string behavior and call chains; hw.kernels lists them, any other release means the nearest (default: "4.19.116")
---@field hz? integer timer ticks a second (default: 250)
---@field name? string hardware name in logs (default: "test_mach")
---@field va_bits? integer size of the user's address space (default: 39)
---@field vhe? boolean the kernel runs at EL2 (default: false)
---@field nodebugmon? boolean the boot option nodebugmon (default: false)
---@field far? "exact"|"start"|"floor16"|"above" the address that a watchpoint reports (default: "exact")
---@field release? string the release in the headers of dump_stack (default: from the profile)
---@field version? string the version in the headers of dump_stack (default: from the profile)
---@field taint? string taint flags, one letter each (default: not tainted)
---@field trace_size? integer the number of records of modelled calls that are kept; 0 keeps none (default: 65536)
---@field bas_copies? boolean DBGBCR reads back BAS[1] and BAS[3] as copies of BAS[0] and BAS[2], as on the recorded machine (default: false)
---@field stale_wnr? boolean a watchpoint that stores have fired reports later loads as stores too, as on the recorded machine (R-REG-27) (default: false)
---@field log_ops? boolean hw_breakpoint_control logs its operation, as in the seed's second listing (default: false)
---@field paranoid? integer perf_event_paranoid (default: 0)
---@field debug_atomic_sleep? boolean a call that may sleep logs it first where sleeping is not allowed (CONFIG_DEBUG_ATOMIC_SLEEP) (default: false)
---@field no_cap_sys_admin? boolean user tasks lack CAP_SYS_ADMIN and CAP_PERFMON unless the task says otherwise; kernel threads and the script have all (default: false)

---The result of hw.explore.
---@class hw.exploration
---@field ok? boolean no schedule failed
---@field complete? boolean every schedule was run or is equivalent to one that was
---@field runs? integer runs, without those that learn variables, check or shrink
---@field schedules? integer runs that reached their end
---@field pruned? integer the other runs, cut by reduction
---@field stopped? string nil, "failure", "max_runs" or "timeout"
---@field share? number how much of the tree was run, by weight, 0 to 1
---@field max_points? integer points of the longest run
---@field outcomes? table<string, integer> what fn returned, as text, and in how many schedules
---@field failures? integer failing schedules
---@field sometimes? table<string, integer> the properties of m:sometimes, and in how many schedules each held
---@field races? hw.race[] variables that threads use in no order
---@field near? number the smallest slack, in seconds, at which a later timer would have been possible
---@field unasked? integer the most calls of a run in functions of timers, irq_work, cross calls and cpu:run, which have no points
---@field failure? hw.explore_failure the first failure

---A schedule that fails.
---@class hw.explore_failure
---@field kind string "assert", "error", "deadlock", "always", "eventually", "sometimes", "bug" or "restless"
---@field message string what failed
---@field schedule? string the text that replays it; nil for sometimes
---@field preemptions integer points where the running thread could have gone on and did not
---@field choices integer points where it departs from the default order
---@field run integer the number of the run that found it
---@field steps string[] the steps of the schedule, as printed
---@field summary string[] lines about how far it is from the default order

---A variable that two threads use in no order, one of them writing.
---@class hw.race
---@field name string the variable
---@field write string file:line of a write
---@field other string file:line of the other access

---An event of a board, or a finding about one. Fields that are not known are nil.
---@class hw.board_event
---@field finding? string of a finding: its name
---@field type? string the kind of access
---@field addr? u64 the address
---@field len? u64 bytes
---@field cpu? integer the CPU, -1: it follows its task
---@field task? string the target, as comm-pid
---@field comm? string the target's name; of a finding: of whoever did it
---@field pid? integer its pid
---@field by? string the opener, as comm-pid
---@field owner? string perf, ptrace, kernel or wide
---@field slot? integer the register that holds it
---@field state? string active, inactive, off or error
---@field t? number when it was opened; of a finding: when it was found, in seconds
---@field rule? string the rule of the specification
---@field errno? string of a refusal
---@field asked? string of a refusal: what was asked for
---@field why? string a finding in words
---@field holders? hw.board_event[] of a refusal: who holds the slots

---What has changed on a board.
---@class hw.board_change
---@field cpu? integer the CPU
---@field reg? string the register
---@field was? u64 its value before, nil if it was not known
---@field is? u64 its value now, nil if it is not known

---A machine: its CPUs and the kernel that runs on them. The script is the kernel thread hwlua (pid 1), which is current on CPU 0 until another task is switched to there. Calls take no virtual time.
---@class hw.machine
---@field nr_cpus integer The number of CPUs.
---@field core_num_brps integer The number of breakpoint registers that the kernel uses: the smallest count of all CPUs.
---@field core_num_wrps integer The number of watchpoint registers that the kernel uses: the smallest count of all CPUs.
---@field now number Virtual time in seconds since boot.
---@field jiffies u64 The tick count.
---@field kernel string The full name of the kernel profile.
---@field name string The hardware's name in logs.
---@field hz integer Timer ticks a second.
---@field current hw.task The task in whose name the script's calls are made.
---@field cpu hw.cpus The CPUs by number, m.cpu[0] to m.cpu[m.nr_cpus-1]; any other number raises.
local machine = {}

---Iterate over the CPUs, CPU 0 first.
---
---```lua
---for cpu in m:cpus() do print(cpu.id, cpu.mdscr_el1) end
---```
---@return fun(): hw.cpu|nil next for a generic for
function machine:cpus() end

---The tasks that exist, in order of creation. The kernel's own threads are among them.
---
---```lua
---for _, t in ipairs(m:tasks()) do print(t.pid, t.comm, t.state) end
---```
---@return hw.task[] tasks
function machine:tasks() end

---The events that are open, in order of creation.
---
---```lua
---assert(#m:events() == 0)
---```
---@return hw.event[] events
function machine:events() end

---The work items that were made, in order of creation.
---
---```lua
---for _, w in ipairs(m:works()) do print(w.name, w.pending) end
---```
---@return hw.work[] works
function machine:works() end

---The kernel log, in the kernel's own format.
---
---```lua
---print(m:dmesg("hw%-breakpoint")[1])
---```
---@param pattern? string a Lua pattern that the lines match (default: all lines)
---@return string[] lines
function machine:dmesg(pattern) end

---Write a message into the kernel log, with a stamp on each of its lines. A newline at the end ends the message and may be left out. What follows 991 bytes is cut, as in the kernel.
---
---Kernel: `kernel/printk/printk.c`
---
---```lua
---m:printk("probe: armed\n")
---print(m:dmesg("probe: ")[1])
---```
---@param text string the message, printed as it is
---@return true
function machine:printk(text) end

---Explain the last refusal. tostring of the result is the explanation in words.
---
---```lua
---m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 }
---print(m:why())
---```
---@return hw.refusal? why nil before the first refusal
function machine:why() end

---The slots that are reserved and installed on a CPU, or on each.
---
---```lua
---print(m:slots(0).wp.limit, m:slots()[1].bp.cpu_pinned)
---```
---@param cpu? integer the CPU's number (default: all, by CPU number)
---@return hw.slots|table<integer, hw.slots> slots
function machine:slots(cpu) end

---Let virtual time pass. Timers, work and runnable tasks that fall due run in order. In a task body or a work function that thread sleeps; in on_hit it raises.
---
---```lua
---m:msleep(27000)
---```
---@param ms number milliseconds of virtual time
---@return true
function machine:msleep(ms) end

---Run until nothing is runnable and no timer is pending. For a machine that never comes to rest it raises an error that names what is still active. Only the script may call it.
---
---```lua
---m:schedule_delayed_work(m:delayed_work("probe", function() print(m.jiffies) end), "1s")
---m:run()
---```
---@return integer steps the number of steps taken
function machine:run() end

---Perform the next action. Only the script may call it.
---
---```lua
---m:schedule_work(m:work("probe", function() end))
---for what in function() return (m:step()) end do print(what) end
---```
---@return string? what the action, nil if the machine is idle
function machine:step() end

---Take a CPU offline, as hotplug does; a CPU that is offline stays so. Its own events are lost for good, and its tasks move to the lowest CPU that is online.
---
---Kernel: `kernel/cpu.c`
---
---```lua
---assert(m:cpu_down(1))
---```
---@param n integer the CPU's number
---@return true? ok
---@return string? message if it was refused
---@return "EBUSY"|"EINVAL"|nil errno EBUSY: CPU 0 cannot go offline; EINVAL: there is no such CPU
function machine:cpu_down(n) end

---Bring a CPU online, as hotplug does; a CPU that is online stays so. Its registers are zeroed, and its events do not return.
---
---Kernel: `kernel/cpu.c`
---
---```lua
---m:cpu_down(1) assert(m:cpu_up(1))
---```
---@param n integer the CPU's number
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: there is no such CPU
function machine:cpu_up(n) end

---Power a CPU down and keep its kernel state. Its debug registers are lost, and calls that need the CPU raise until it resumes. A CPU that is offline or suspended raises.
---
---Kernel: `arch/arm64/kernel/suspend.c`
---
---```lua
---m:cpu_suspend(1) m:cpu_resume(1)
---```
---@param n integer the CPU's number
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: there is no such CPU
function machine:cpu_suspend(n) end

---Resume a suspended CPU: every register pair is written again from its slot. A CPU that is not suspended raises.
---
---Kernel: `arch/arm64/kernel/suspend.c`
---
---```lua
---m:cpu_suspend(1) m:cpu_resume(1)
---```
---@param n integer the CPU's number
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: there is no such CPU
function machine:cpu_resume(n) end

---Make a task. A task without a body never runs by itself: it is only switched to and acted through.
---
---```lua
---local t = m:task { comm = "mali-cmar-backe", pid = 3237 }
---```
---@param options? hw.task_options
---@return hw.task t
function machine:task(options) end

---Open a breakpoint event as user space does: an event that is also a file. All attributes start from zero.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---```
---@param attr hw.perf_event_attr
---@return hw.event? ev
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|"ENODEV"|"ESRCH"|"EACCES"|nil errno ENOSPC: every register of that kind is reserved; m:why() names the holders; EINVAL: the attributes are invalid: length, alignment, address, or a CPU that does not exist; ENODEV: the CPU is offline; ESRCH: the task has exited, or exits and has no perf context; EACCES: perf_event_paranoid and the caller's capabilities do not allow it
function machine:perf_event_open(attr) end

---Register an event that follows a task. Attributes start from those of hw_breakpoint_init: pinned, sample_period 1.
---
---Kernel: `kernel/events/hw_breakpoint.c`
---
---```lua
---local t = m:task {}
---local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
---  on_hit = function(ev, hit)
---    print(hit.kind, hw.hex(hit.addr))
---    m:perf_event_disable(ev)
---  end })
---t:store(0x1000, 8)
---```
---@param attr hw.user_attr
---@return hw.event? ev
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|"ESRCH"|nil errno ENOSPC: every register of that kind is reserved; m:why() names the holders; EINVAL: the attributes are invalid: length, alignment, address, or a CPU that does not exist; ESRCH: the task has exited, or exits and has no perf context
function machine:register_user_hw_breakpoint(attr) end

---Release a registered event, or the event of one CPU of a wide registration: w[cpu] is nil then. For nil it does nothing.
---
---Kernel: `kernel/events/hw_breakpoint.c`
---
---```lua
---local t = m:task {}
---local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t })
---m:unregister_hw_breakpoint(ev)
---```
---@param ev hw.event|nil the event, or nil
---@return true
function machine:unregister_hw_breakpoint(ev) end

---Change an event in place. Fields that are left out keep the values of ev.attr.
---
---Kernel: `kernel/events/hw_breakpoint.c`
---
---```lua
---local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = m:task {} })
---assert(m:modify_user_hw_breakpoint(ev, { addr = 0x2000 }))
---```
---@param ev hw.event the event
---@param attr hw.attr the attributes to change
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|"ENOSPC"|nil errno EINVAL: the attributes are invalid: length, alignment, address, or a CPU that does not exist; ENOSPC: every register of that kind is reserved; m:why() names the holders
function machine:modify_user_hw_breakpoint(ev, attr) end

---Register one event on every online CPU, all or none. Attributes start from those of hw_breakpoint_init: pinned, sample_period 1.
---
---Kernel: `kernel/events/hw_breakpoint.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
---```
---@param attr hw.wide_attr
---@return hw.wide? w one event for each CPU
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|nil errno ENOSPC: a CPU has every slot reserved; the events of the other CPUs are rolled back; EINVAL: the attributes are invalid: length, alignment, address, or a CPU that does not exist
function machine:register_wide_hw_breakpoint(attr) end

---Release the events of a wide registration, CPU 0 first.
---
---Kernel: `kernel/events/hw_breakpoint.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
---m:unregister_wide_hw_breakpoint(w)
---assert.no_leaks(m)
---```
---@param w hw.wide the wide event
---@return true
function machine:unregister_wide_hw_breakpoint(w) end

---Enable one event, as a driver does. Its context is rescheduled, which compacts the slots.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint {
---  type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true
---})
---for cpu in m:cpus() do m:perf_event_enable(w[cpu.id]) end
---```
---@param ev hw.event the event
---@return true
function machine:perf_event_enable(ev) end

---Disable one event, as a driver does. It leaves its register; other events keep theirs.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
---m:perf_event_disable(w[0])
---```
---@param ev hw.event the event
---@return true
function machine:perf_event_disable(ev) end

---Make a work item. A kworker calls its function with the item.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---local w = m:work("probe", function() print(m.current.comm) end)
---m:schedule_work(w)
---m:run()
---```
---@param name string the function's name in chains and logs
---@param fn fun(w: hw.work) the function
---@return hw.work w
function machine:work(name, fn) end

---Make a work item with a timer.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---local dw = m:delayed_work("watch_point_delayed_work_func", function() print(m.now) end)
---m:queue_delayed_work_on(1, dw, "28s")
---m:run()
---```
---@param name string the function's name in chains and logs
---@param fn fun(dw: hw.work) the function
---@return hw.work dw
function machine:delayed_work(name, fn) end

---Queue work on events, on the CPU that makes the call.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:schedule_work(m:work("probe", function() end))
---```
---@param w hw.work the work
---@return boolean queued false if it was pending already; then nothing changes
function machine:schedule_work(w) end

---Queue work on events, on a given CPU.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:schedule_work_on(1, m:work("probe", function() end))
---```
---@param cpu integer the CPU's number
---@param w hw.work the work
---@return boolean queued false if it was pending already; then nothing changes
function machine:schedule_work_on(cpu, w) end

---Queue work on events, on a given CPU.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:queue_work_on(1, m:work("probe", function() end))
---```
---@param cpu integer the CPU's number
---@param w hw.work the work
---@return boolean queued false if it was pending already; then nothing changes
function machine:queue_work_on(cpu, w) end

---Queue delayed work on events after the delay, on the CPU of its timer.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:schedule_delayed_work(m:delayed_work("probe", function() end), "1s")
---```
---@param dw hw.work the delayed work
---@param delay integer|string jiffies, or a time with a unit, rounded up to them: "28s", "250ms"
---@return boolean queued false if it was pending already; then nothing changes
function machine:schedule_delayed_work(dw, delay) end

---Queue delayed work on events, on a given CPU.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:schedule_delayed_work_on(1, m:delayed_work("probe", function() end), "1s")
---```
---@param cpu integer the CPU's number
---@param dw hw.work the delayed work
---@param delay integer|string jiffies, or a time with a unit, rounded up to them: "28s", "250ms"
---@return boolean queued false if it was pending already; then nothing changes
function machine:schedule_delayed_work_on(cpu, dw, delay) end

---Queue delayed work on events, on a given CPU.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---assert(m:queue_delayed_work_on(1, m:delayed_work("probe", function() end), 25))
---```
---@param cpu integer the CPU's number
---@param dw hw.work the delayed work
---@param delay integer|string jiffies, or a time with a unit, rounded up to them: "28s", "250ms"
---@return boolean queued false if it was pending already; then nothing changes
function machine:queue_delayed_work_on(cpu, dw, delay) end

---Set a new delay, whether the work is pending or not. A function that is running is not disturbed.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---local dw = m:delayed_work("probe", function() end)
---m:schedule_delayed_work(dw, "1s")
---assert(m:mod_delayed_work_on(1, dw, "2s"))
---```
---@param cpu integer the CPU's number
---@param dw hw.work the delayed work
---@param delay integer|string jiffies, or a time with a unit, rounded up to them: "28s", "250ms"
---@return boolean pending whether it was pending
function machine:mod_delayed_work_on(cpu, dw, delay) end

---Cancel the timer of delayed work, or take it off its queue. It does not wait for a running function.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:cancel_delayed_work(m:delayed_work("probe", function() end))
---```
---@param dw hw.work the delayed work
---@return boolean pending whether it was pending
function machine:cancel_delayed_work(dw) end

---Cancel delayed work and wait for its function. In that function itself it would deadlock, and raises.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:cancel_delayed_work_sync(m:delayed_work("probe", function() end))
---```
---@param dw hw.work the delayed work
---@return boolean pending whether it was pending
function machine:cancel_delayed_work_sync(dw) end

---Take work off its queue and wait for its function.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---m:cancel_work_sync(m:work("probe", function() end))
---```
---@param w hw.work the work
---@return boolean pending whether it was pending
function machine:cancel_work_sync(w) end

---Queue delayed work at once if its timer is armed, then wait for it.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---local dw = m:delayed_work("probe", function() print "now" end)
---m:schedule_delayed_work(dw, "28s")
---m:flush_delayed_work(dw)
---```
---@param dw hw.work the delayed work
---@return boolean waited false if it was idle
function machine:flush_delayed_work(dw) end

---Wait for the last queued instance of work.
---
---Kernel: `kernel/workqueue.c`
---
---```lua
---local w = m:work("probe", function() print "now" end)
---m:schedule_work(w)
---m:flush_work(w)
---```
---@param w hw.work the work
---@return boolean waited false if it was idle
function machine:flush_work(w) end

---Create one event in the kernel: of a CPU (cpu = n), of a task, or of a task on one CPU. Attributes start from those of hw_breakpoint_init: pinned, sample_period 1.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = 0xffffff8008c5a000, len = 8,
---  cpu = 1, on_hit = function(ev, hit) hit.skip = true end })
---m.cpu[1]:store(0xffffff8008c5a000, 8)
---assert.equals(1, ev.count)
---```
---@param attr hw.kernel_attr
---@return hw.event? ev
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|"ENODEV"|"ESRCH"|"EACCES"|nil errno ENOSPC: every register of that kind is reserved; m:why() names the holders; EINVAL: the attributes are invalid: length, alignment, address, or a CPU that does not exist; ENODEV: the CPU is offline; ESRCH: the task has exited, or exits and has no perf context; EACCES: perf_event_paranoid and the caller's capabilities do not allow it
function machine:perf_event_create_kernel_counter(attr) end

---Release an event that was created in the kernel: by perf_event_create_kernel_counter or by a register_* call.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = 0xffffff8008c5a000, len = 8,
---  cpu = 1 })
---m:perf_event_release_kernel(ev)
---assert.no_leaks(m)
---```
---@param ev hw.event the event
---@return true
function machine:perf_event_release_kernel(ev) end

---Add a hotplug state. startup(cpu) runs in cpuhp/N on each online CPU now, and on every later one when it has come up; teardown(cpu) runs there before a CPU goes down. A startup that raises, or that returns a refusal, rolls back: teardown runs on the CPUs before it, and the state is gone.
---
---Kernel: `kernel/cpu.c`
---
---```lua
---local ev = {}
---local s = m:cpuhp_setup_state("mydriver:online", function(cpu)
---  ev[cpu] = assert(m:perf_event_create_kernel_counter { type = "w", addr = 0xffffff8008c5a000, len = 8,
---    cpu = cpu })
---end, function(cpu) m:perf_event_release_kernel(ev[cpu]) end)
---m:cpu_down(1) m:cpu_up(1)
---assert.equals("active", ev[1].state)
---m:cpuhp_remove_state(s)
---```
---@param name string the state's name: "mydriver:online"
---@param startup (fun(cpu: integer): ...any)|nil the callback of a CPU that has come up, or nil
---@param teardown? fun(cpu: integer): ...any the callback of a CPU that is to go down (default: none)
---@return integer? state its number
---@return string? message if it was refused
---@return "ENOSPC"|nil errno ENOSPC: 31 dynamic states are in use, or startup was refused so
function machine:cpuhp_setup_state(name, startup, teardown) end

---Remove a hotplug state. Its teardown runs on each online CPU first.
---
---Kernel: `kernel/cpu.c`
---
---```lua
---local s = m:cpuhp_setup_state("mydriver:online", nil, function(cpu) print(cpu) end)
---m:cpuhp_remove_state(s)
---```
---@param state integer the number that m:cpuhp_setup_state returned
---@return true
function machine:cpuhp_remove_state(state) end

---Make a timer. Its function runs in softirq context on the CPU where it was armed, with the timer as argument, and must not sleep.
---
---Kernel: `kernel/time/timer.c`
---
---```lua
---local t = m:timer_setup("poll", function(t) print(m.jiffies) end)
---m:mod_timer(t, "10ms")
---m:run()
---```
---@param name string the function's name in chains and logs
---@param fn fun(t: hw.timer) the function
---@return hw.timer t
function machine:timer_setup(name, fn) end

---Arm a timer on the CPU that makes the call, whether it is pending or not. The delay counts from now; any context may call it, the timer's own function too.
---
---Kernel: `kernel/time/timer.c`
---
---```lua
---local t = m:timer_setup("poll", function(t) end)
---m:mod_timer(t, 25)
---assert(m:mod_timer(t, "1s"))
---```
---@param t hw.timer the timer
---@param delay integer|string jiffies, or a time with a unit, rounded up to them: "28s", "250ms"
---@return boolean pending whether it was pending
function machine:mod_timer(t, delay) end

---Take a timer away. It does not wait for a running function.
---
---Kernel: `kernel/time/timer.c`
---
---```lua
---local t = m:timer_setup("poll", function(t) end)
---m:mod_timer(t, "1s")
---assert(m:del_timer(t))
---```
---@param t hw.timer the timer
---@return boolean pending whether it was pending
function machine:del_timer(t) end

---Take a timer away and wait for its function. In that function itself it would deadlock, and raises.
---
---Kernel: `kernel/time/timer.c`
---
---```lua
---local t = m:timer_setup("poll", function(t) end)
---m:mod_timer(t, "1s")
---assert(m:del_timer_sync(t))
---```
---@param t hw.timer the timer
---@return boolean pending whether it was pending
function machine:del_timer_sync(t) end

---Make an irq_work. Its function runs in an interrupt of the CPU where it was queued, with the work as argument, and must not sleep.
---
---Kernel: `kernel/irq_work.c`
---
---```lua
---local w = m:irq_work("poke", function(w) print(m.current.comm) end)
---m:irq_work_queue(w)
---```
---@param name string the function's name in chains and logs
---@param fn fun(w: hw.irq_work) the function
---@return hw.irq_work w
function machine:irq_work(name, fn) end

---Queue an irq_work on the CPU that makes the call. It runs as soon as interrupts are on: at once in a thread or a timer's function, after the handler in on_hit. Any context may call it.
---
---Kernel: `kernel/irq_work.c`
---
---```lua
---local w = m:irq_work("poke", function(w) end)
---assert(m:irq_work_queue(w))
---```
---@param w hw.irq_work the irq_work
---@return boolean queued false if it was pending already; then nothing changes
function machine:irq_work_queue(w) end

---Disable one event from any context, through irq_work: the right way in a hit handler, which must not sleep.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8,
---  on_hit = function(ev, hit) m:perf_event_disable_inatomic(ev) end })
---m.cpu[0]:store(0xffffff8008c5a000, 8, 1)
---assert.equals("off", w[0].state)
---```
---@param ev hw.event the event
---@return true
function machine:perf_event_disable_inatomic(ev) end

---Run a function on a CPU: in an interrupt there, on the caller's own CPU with interrupts off. The function must not sleep. It has run when the call returns, with or without wait.
---
---Kernel: `kernel/smp.c`
---
---```lua
---m:smp_call_function_single(1, function() print(m.current.comm) end)
---```
---@param cpu integer the CPU's number
---@param fn fun(cpu: integer) the function, called with the CPU's number
---@param wait? boolean wait for it (default: true)
---@return true? ok
---@return string? message if it was refused
---@return "ENXIO"|nil errno ENXIO: the CPU is offline or does not exist
function machine:smp_call_function_single(cpu, fn, wait) end

---Run a function on every online CPU: on the others in an interrupt, then on the caller's own with interrupts off. It must not sleep.
---
---Kernel: `kernel/smp.c`
---
---```lua
---m:on_each_cpu(function() print(m:smp_processor_id()) end)
---```
---@param fn fun(cpu: integer) the function, called with the CPU's number
---@return true
function machine:on_each_cpu(fn) end

---The number of the CPU that makes the call.
---
---Kernel: `include/linux/smp.h`
---
---```lua
---assert.equals(1, m.cpu[1]:run(function() return m:smp_processor_id() end))
---```
---@return integer cpu
function machine:smp_processor_id() end

---Send a signal to a task, as send_sig(sig, p, 0) does. Any context may, a hit handler too. The signal stays pending until the task returns to user mode; one that runs there gets it at once. Kernel threads ignore it. Both orders of the arguments are accepted.
---
---Kernel: `kernel/signal.c`
---
---```lua
---local t = m:task { comm = "victim" }
---m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t, on_hit = function(ev, hit)
---  m:send_sig(hit.task, "SIGTRAP")
---end }
---print(t:store(0x1000, 8))
---assert.equals("dead", t.state)
---```
---@param task hw.task|string|integer the task
---@param sig string|integer|hw.task the signal: "SIGTRAP", "SIGRTMIN+1", or its number
---@return true? ok
---@return string? message if it was refused
---@return "ESRCH"|nil errno ESRCH: the task has exited, or exits and has no perf context
function machine:send_sig(task, sig) end

---Make a mutex of the driver, unlocked.
---
---Kernel: `kernel/locking/mutex.c`
---
---```lua
---local lock = m:mutex("dev->lock")
---```
---@param name string its name in messages
---@return hw.mutex l
function machine:mutex(name) end

---Take a mutex, and sleep until it is free. In a handler it raises, and so it does for the owner, who would wait for itself.
---
---Kernel: `kernel/locking/mutex.c`
---
---```lua
---local lock = m:mutex("dev->lock")
---m:mutex_lock(lock)
---assert(lock.owner == m.current)
---m:mutex_unlock(lock)
---```
---@param l hw.mutex the mutex
---@return true
function machine:mutex_lock(l) end

---Take a mutex if it is free.
---
---Kernel: `kernel/locking/mutex.c`
---
---```lua
---assert(m:mutex_trylock(m:mutex("dev->lock")))
---```
---@param l hw.mutex the mutex
---@return boolean taken
function machine:mutex_trylock(l) end

---Release a mutex. Only its owner can.
---
---Kernel: `kernel/locking/mutex.c`
---
---```lua
---local lock = m:mutex("dev->lock")
---m:mutex_lock(lock)
---m:mutex_unlock(lock)
---```
---@param l hw.mutex the mutex
---@return true
function machine:mutex_unlock(l) end

---Make a completion, not completed.
---
---Kernel: `kernel/sched/completion.c`
---
---```lua
---local ready = m:completion("dev->ready")
---```
---@param name string its name in messages
---@return hw.completion c
function machine:completion(name) end

---Let one waiter pass, now or later. A handler may call it.
---
---Kernel: `kernel/sched/completion.c`
---
---```lua
---m:complete(m:completion("dev->ready"))
---```
---@param c hw.completion the completion
---@return true
function machine:complete(c) end

---Let every waiter pass, now and later. A handler may call it.
---
---Kernel: `kernel/sched/completion.c`
---
---```lua
---m:complete_all(m:completion("dev->ready"))
---```
---@param c hw.completion the completion
---@return true
function machine:complete_all(c) end

---Sleep until a completion is completed, and take one from it. In a handler it raises.
---
---Kernel: `kernel/sched/completion.c`
---
---```lua
---local ready = m:completion("dev->ready")
---m:schedule_work(m:work("probe", function() m:complete(ready) end))
---m:wait_for_completion(ready)
---```
---@param c hw.completion the completion
---@return true
function machine:wait_for_completion(c) end

---Let another thread run first, if the order of the run says so, and do nothing else.
---
---Kernel: `kernel/sched/core.c`
---
---```lua
---m:task { body = function() m:cond_resched() end }
---```
---@return true
function machine:cond_resched() end

---Wait in a loop: the thread continues when something else has happened on the machine, if anything can. Called by the script it performs the next action.
---
---Kernel: `arch/arm64/include/asm/vdso/processor.h`
---
---```lua
---local ready = false
---m:schedule_work_on(1, m:work("probe", function() ready = true end))
---m:task { body = function() while not ready do m:cpu_relax() end end }
---m:run()
---```
---@return true
function machine:cpu_relax() end

---Have a property hold after every step of the run. The function must only look at the machine.
---
---```lua
---m:always("cpu0 is online", function() return m.cpu[0].online end)
---```
---@param name string
---@param f fun(): any whether it holds
---@return true
function machine:always(name, f) end

---Have a property hold when the machine has come to rest. The function must only look at the machine.
---
---```lua
---m:eventually("nothing is pending", function() return #m:works() == 0 end)
---```
---@param name string
---@param f fun(): any whether it holds
---@return true
function machine:eventually(name, f) end

---Have a property hold after some step of some schedule. It fails only a complete exploration. The function must only look at the machine.
---
---```lua
---m:sometimes("the app runs", function() return m.cpu[0].current.comm == "app" end)
---```
---@param name string
---@param f fun(): any whether it holds
---@return true
function machine:sometimes(name, f) end

---The call chain at an entry of a modelled kernel function: names from the function itself outwards to the bottom of the thread's stack. A Lua function appears under the name by which it was called.
---
---```lua
---m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
---print(table.concat(m:callchain("write_wb_reg", { cpu = 0 }), " < "))
---```
---@param fn string the kernel function; one that is not modelled raises
---@param options? hw.callchain_options
---@return string[]? names nil if it was never entered
function machine:callchain(fn, options) end

---The records of modelled calls that the machine keeps, in order of entry.
---
---```lua
---m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
---for _, r in ipairs(m:trace { fn = "write_wb_reg" }) do
---  print(r.cpu, r.args[1], r.args[2], hw.hex(r.args[3]))
---end
---```
---@param filter? hw.trace_filter
---@return hw.trace_record[] records
function machine:trace(filter) end

---Log a dump_stack, in the kernel's format, at each further entry of a modelled function.
---
---```lua
---m:dump_stack_in("write_wb_reg")
---```
---@param fn string the kernel function
---@return true
function machine:dump_stack_in(fn) end

---Log a dump_stack of the caller, in the kernel's format. A Lua function appears under the name by which it was called.
---
---Kernel: `lib/dump_stack.c`
---
---```lua
---local function probe() m:dump_stack() end
---m:schedule_work(m:work("probe_func", probe))
---m:run()
---print(table.concat(m:dmesg(), "\n"))
---```
---@return true
function machine:dump_stack() end

---The CPUs of a machine, m.cpu.
---@class hw.cpus
---@field [integer] hw.cpu CPU n, from 0; any other number raises.
---@operator len: integer
local cpus = {}

---A CPU: its debug registers, its slots, and what happens inside it.
---@class hw.cpu
---@field id integer The CPU's number.
---@field online boolean Whether the kernel runs on it.
---@field suspended boolean Whether m:cpu_suspend powered it down.
---@field current hw.task The task that is current there; the idle thread swapper/N if no other is.
---@field mdscr_el1 u64 MDSCR_EL1: 0x1000 at rest, with MDE 0x9000, with MDE and KDE 0xb000.
---@field oslsr_el1 u64 OSLSR_EL1: 0x8, or 0xa while the OS lock is locked.
---@field id_aa64dfr0_el1 u64 ID_AA64DFR0_EL1, which gives the number of registers that the CPU implements.
---@field bvr hw.bank DBGBVRn_EL1: breakpoint values, by n from 0.
---@field bcr hw.bank DBGBCRn_EL1: breakpoint controls, by n from 0.
---@field wvr hw.bank DBGWVRn_EL1: watchpoint values, by n from 0.
---@field wcr hw.bank DBGWCRn_EL1: watchpoint controls, by n from 0.
---@field bp_on_reg hw.slots_on_reg The events in the breakpoint slots, by index from 0.
---@field wp_on_reg hw.slots_on_reg The events in the watchpoint slots, by index from 0.
local cpu = {}

---Write a debug register. Numbers run on from bank to bank, as in the kernel: ("BVR", 16) is BCR 0. A number beyond all banks logs the kernel's warning; a register that this CPU does not implement raises.
---
---Kernel: `arch/arm64/kernel/hw_breakpoint.c`
---
---```lua
---m.cpu[0]:write_wb_reg("WCR", 3, hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true })
---```
---@param reg "BVR"|"BCR"|"WVR"|"WCR"|integer the bank, or its base as in the kernel: 0, 16, 32, 48
---@param n integer the register's number in the bank
---@param val u64 the value
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: no register has that number
function cpu:write_wb_reg(reg, n, val) end

---Set bits of MDSCR_EL1 by hand; those that are left out stay. HDE is what an external debugger sets: debug events then halt the CPU. The kernel's writes do not change it.
---
---```lua
---m.cpu[1]:write_mdscr { hde = true }
---assert.equals(0x5000, m.cpu[1].mdscr_el1)
---```
---@param bits hw.mdscr_bits
---@return true
function cpu:write_mdscr(bits) end

---Write OSLAR_EL1: 1 locks the OS lock, 0 unlocks it. While it is locked the CPU takes no debug exception. Bringing the CPU up unlocks it.
---
---```lua
---m.cpu[1]:write_oslar(1)
---assert.equals(0xa, m.cpu[1].oslsr_el1)
---```
---@param n integer 1 or 0
---@return true
function cpu:write_oslar(n) end

---Read a debug register. A number beyond all banks logs the kernel's warning.
---
---Kernel: `arch/arm64/kernel/hw_breakpoint.c`
---
---```lua
---print(m.cpu[0]:read_wb_reg("WCR", 0))
---```
---@param reg "BVR"|"BCR"|"WVR"|"WCR"|integer the bank, or its base as in the kernel: 0, 16, 32, 48
---@param n integer the register's number in the bank
---@return u64? value
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: no register has that number; the kernel itself reads 0
function cpu:read_wb_reg(reg, n) end

---Find, take or leave a slot, without touching registers.
---
---Kernel: `arch/arm64/kernel/hw_breakpoint.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint {
---  type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true
---})
---print(m.cpu[0]:hw_breakpoint_slot_setup("wp", w[0], "install"))
---```
---@param kind "bp"|"wp" the kind of slot
---@param ev hw.event the event
---@param op "install"|"uninstall"|"restore"|integer the operation, or its number in the kernel: 0, 1, 2
---@return integer? slot the slot's index
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|nil errno ENOSPC: no slot is empty, or the event is in none; EINVAL: the kernel has no such operation
function cpu:hw_breakpoint_slot_setup(kind, ev, op) end

---Find, take or leave a slot, and write its registers.
---
---Kernel: `arch/arm64/kernel/hw_breakpoint.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint {
---  type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true
---})
---m.cpu[0]:hw_breakpoint_control(w[0], "install")
---print(hw.explain(m.cpu[0].wcr[0]))
---```
---@param ev hw.event the event
---@param op "install"|"uninstall"|"restore"|integer the operation, or its number in the kernel: 0, 1, 2
---@return integer? slot the slot's index
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|nil errno ENOSPC: no slot is empty, or the event is in none; EINVAL: the kernel has no such operation
function cpu:hw_breakpoint_control(ev, op) end

---Install one event in a register: a step of perf's own.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
---m.cpu[0]:event_sched_out(w[0])
---m.cpu[0]:event_sched_in(w[0])
---```
---@param ev hw.event the event
---@return true? ok
---@return string? message if it was refused
---@return "ENOSPC"|"EAGAIN"|nil errno ENOSPC: no slot is empty; EAGAIN: it could not be installed
function cpu:event_sched_in(ev) end

---Uninstall one event from its register: a step of perf's own.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
---m.cpu[0]:event_sched_out(w[0])
---assert.equals("inactive", w[0].state)
---```
---@param ev hw.event the event
---@return true
function cpu:event_sched_out(ev) end

---Switch to a task: the events of the current task are uninstalled, those of this task installed.
---
---Kernel: `kernel/sched/core.c`
---
---```lua
---local t = m:task { comm = "t" }
---m.cpu[0]:context_switch(t)
---assert.equals(t, m.cpu[0].current)
---```
---@param task? hw.task the task; nil for the thread that runs when no task is switched to
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|"ESRCH"|nil errno EINVAL: the task belongs to another CPU; t:migrate first; ESRCH: the task has exited, or exits and has no perf context
function cpu:context_switch(task) end

---One load by the kernel, at EL1.
---
---```lua
---print(m.cpu[0]:load(0xffffff8008080000, 8))
---```
---@param addr u64 the address
---@param size integer bytes: 1 to 64, a power of two
---@param options? hw.access_options
---@return u64 value little endian
function cpu:load(addr, size, options) end

---One store by the kernel, at EL1.
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---m.cpu[0]:store(0xffffff8008080000, 8, 0x1122334455667788)
---assert.equals(1, ev.count)
---```
---@param addr u64 the address
---@param size integer bytes: 1 to 64, a power of two
---@param value? u64 the value to store, little endian (default: 0)
---@param options? hw.access_options
---@return boolean stored false for a store exclusive that found the monitor lost
function cpu:store(addr, size, value, options) end

---One atomic instruction by the kernel, at EL1: it loads and stores.
---
---```lua
---assert.equals(0, m.cpu[0]:atomic("add", 0xffffff8008080000, 4, 1))
---```
---@param op "add"|"swp"|"set"|"clr"|"eor" the operation
---@param addr u64 the address
---@param size integer 1, 2, 4 or 8 bytes
---@param value u64 the operand
---@return u64 old the value before
function cpu:atomic(op, addr, size, value) end

---One instruction by the kernel, at EL1.
---
---```lua
---m.cpu[0]:exec(0xffffff8008080000)
---```
---@param addr u64 the address
---@return true
function cpu:exec(addr) end

---One load by the kernel on behalf of the current task.
---
---Kernel: `arch/arm64/include/asm/uaccess.h`
---
---```lua
---m.cpu[0]:context_switch(m:task {}) print(m.cpu[0]:get_user(0x400000, 4))
---```
---@param addr u64 the address
---@param size integer bytes: 1 to 64, a power of two
---@return u64? value little endian
---@return string? message if it was refused
---@return "EFAULT"|nil errno EFAULT: the address is not the user's
function cpu:get_user(addr, size) end

---One store by the kernel on behalf of the current task.
---
---Kernel: `arch/arm64/include/asm/uaccess.h`
---
---```lua
---m.cpu[0]:context_switch(m:task {}) m.cpu[0]:put_user(0x400000, 4, 7)
---```
---@param addr u64 the address
---@param size integer bytes: 1 to 64, a power of two
---@param value? u64 the value to store, little endian (default: 0)
---@return true? ok
---@return string? message if it was refused
---@return "EFAULT"|nil errno EFAULT: the address is not the user's
function cpu:put_user(addr, size, value) end

---Run a function as this CPU's current thread.
---
---```lua
---print(m.cpu[1]:run(function(a) return m.current.comm, a end, 7))
---```
---@param fn fun(...: any): ...any the function
---@param ... any its arguments
---@return any ...
function cpu:run(fn, ...) end

---The debug registers of one kind of one CPU, such as cpu.wcr.
---@class hw.bank
---@field [integer] u64 The value of register n, from 0; a number beyond those that the CPU implements raises.
---@operator len: integer
local bank = {}

---The slots of one kind of one CPU: cpu.bp_on_reg or cpu.wp_on_reg.
---@class hw.slots_on_reg
---@field [integer] hw.event|nil The event in slot n, from 0, nil if it is empty; a slot that the CPU does not have raises.
---@operator len: integer
local slots_on_reg = {}

---A task. A task with a body is a thread, which runs when its CPU schedules it; a task without one is only switched to and acted through.
---@class hw.task
---@field pid integer Its number.
---@field comm string Its name, of at most 15 characters.
---@field cpu integer The CPU that it is on.
---@field compat boolean Whether it is a 32-bit task.
---@field uid integer Its effective user ID.
---@field state "running"|"runnable"|"sleeping"|"dead" Its state.
---@field siginfo? hw.siginfo The last signal that it took, nil before the first.
local task = {}

---Send it a signal, as m:send_sig does. SIGKILL, SIGTERM, SIGTRAP and their like kill a task that has no handler for them; the signals of timers and SIGUSR1, SIGUSR2, SIGIO, SIGURG and SIGRTMIN+n run a handler that does nothing, unless t:sigaction says otherwise.
---
---Kernel: `kernel/signal.c`
---
---```lua
---local t = m:task {}
---t:signal("SIGALRM")
---t:load(0x1000, 8)
---assert.equals("SIGALRM", t.siginfo.name)
---```
---@param sig string|integer the signal: "SIGTRAP", "SIGRTMIN+1", or its number
---@return true? ok
---@return string? message if it was refused
---@return "ESRCH"|nil errno ESRCH: the task has exited, or exits and has no perf context
function task:signal(sig) end

---Set what a signal does to it: a function runs as its handler, in user mode, "ignore" drops it, "default" is what the kernel does without a handler.
---
---Kernel: `kernel/signal.c`
---
---```lua
---local t = m:task {}
---t:sigaction("SIGTERM", function(t, info) print(t.comm, info.name) end)
---t:signal("SIGTERM")
---t:load(0x1000, 8)
---assert.equals("running", t.state)
---```
---@param sig string|integer the signal: "SIGTRAP", "SIGRTMIN+1", or its number
---@param action "default"|"ignore"|(fun(t: hw.task, info: hw.siginfo)) the handler, or a word
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|"ESRCH"|nil errno EINVAL: SIGKILL and SIGSTOP cannot be changed; ESRCH: the task has exited, or exits and has no perf context
function task:sigaction(sig, action) end

---The names of its pending signals, in the order in which it will take them.
---
---Kernel: `kernel/signal.c`
---
---```lua
---local t = m:task {}
---t:signal("SIGALRM") t:signal("SIGTERM")
---assert.equals("SIGALRM SIGTERM", table.concat(t:sigpending(), " "))
---```
---@return string[] names
function task:sigpending() end

---Write one debug register of the task, as PTRACE_SETHBPREGS of a 32-bit tracer does. Writing number 0 does nothing.
---
---Kernel: `arch/arm64/kernel/ptrace.c`
---
---```lua
---local t, gdb = m:task { compat = true }, m:task { comm = "gdb", compat = true }
---assert(t:ptrace_sethbpregs(-1, 0x1000, { tracer = gdb }))
---assert(t:ptrace_sethbpregs(-2, 0x1f5, { tracer = gdb }))
---print(t:store(0x1000, 4))
---```
---@param num integer 0: the resource info; n above 0: the address (odd) or the control word (even) of a breakpoint; below 0: of a watchpoint
---@param value u64 32 bits
---@param options? hw.tracer_options (default: a 32-bit tracer)
---@return true? ok
---@return string? message if it was refused
---@return "EIO"|"ENOSPC"|"EINVAL"|"ESRCH"|nil errno EIO: the tracer is a 64-bit task, which does not have this request; ENOSPC: the entry does not fit; EINVAL: the address, mask or type is invalid, or the number is beyond 32; ESRCH: the task has exited, or exits and has no perf context
function task:ptrace_sethbpregs(num, value, options) end

---Read one debug register of the task, as PTRACE_GETHBPREGS of a 32-bit tracer does.
---
---Kernel: `arch/arm64/kernel/ptrace.c`
---
---```lua
---print(hw.hex(m:task { compat = true }:ptrace_gethbpregs(0)))
---```
---@param num integer 0: the resource info; n above 0: the address (odd) or the control word (even) of a breakpoint; below 0: of a watchpoint
---@param options? hw.tracer_options (default: a 32-bit tracer)
---@return u64? value
---@return string? message if it was refused
---@return "EIO"|"EINVAL"|"ESRCH"|nil errno EIO: the tracer is a 64-bit task, which does not have this request; EINVAL: the number is beyond 32; ESRCH: the task has exited, or exits and has no perf context
function task:ptrace_gethbpregs(num, options) end

---One load by the task, at EL0. Its CPU switches to it first.
---
---```lua
---print(m:task {}:load(0x1000, 8))
---```
---@param addr u64 the address
---@param size integer bytes: 1 to 64, a power of two
---@param options? hw.access_options
---@return u64? value little endian
---@return string? message if it was refused
---@return "SIGTRAP"|"ESRCH"|nil errno SIGTRAP: a ptrace entry stopped the access, which is not performed; t.siginfo has the details; ESRCH: the task has exited, or exits and has no perf context
function task:load(addr, size, options) end

---One store by the task, at EL0. Its CPU switches to it first.
---
---```lua
---local t = m:task {}
---t:store(0x1000, 8, 0x1122334455667788)
---assert.equals(0x1122334455667788, t:load(0x1000, 8))
---```
---@param addr u64 the address
---@param size integer bytes: 1 to 64, a power of two
---@param value? u64 the value to store, little endian (default: 0)
---@param options? hw.access_options
---@return boolean? stored false for a store exclusive that found the monitor lost
---@return string? message if it was refused
---@return "SIGTRAP"|"ESRCH"|nil errno SIGTRAP: a ptrace entry stopped the access, which is not performed; t.siginfo has the details; ESRCH: the task has exited, or exits and has no perf context
function task:store(addr, size, value, options) end

---One atomic instruction by the task, at EL0: it loads and stores.
---
---```lua
---assert.equals(0, m:task {}:atomic("swp", 0x1000, 8, 7))
---```
---@param op "add"|"swp"|"set"|"clr"|"eor" the operation
---@param addr u64 the address
---@param size integer 1, 2, 4 or 8 bytes
---@param value u64 the operand
---@return u64? old the value before
---@return string? message if it was refused
---@return "SIGTRAP"|"ESRCH"|nil errno SIGTRAP: a ptrace entry stopped the access, which is not performed; t.siginfo has the details; ESRCH: the task has exited, or exits and has no perf context
function task:atomic(op, addr, size, value) end

---One instruction by the task, at EL0. Its CPU switches to it first.
---
---```lua
---m:task {}:exec(0x400580, { svc = true })
---```
---@param addr u64 the address
---@param options? hw.exec_options
---@return true? ok
---@return string? message if it was refused
---@return "SIGTRAP"|"ESRCH"|nil errno SIGTRAP: a ptrace entry stopped the access, which is not performed; t.siginfo has the details; ESRCH: the task has exited, or exits and has no perf context
function task:exec(addr, options) end

---Move the task to another CPU. A current task leaves its CPU and is current nowhere; a body that moves itself continues when the new CPU schedules it.
---
---```lua
---local t = m:task {} assert(t:migrate(1))
---```
---@param cpu integer the CPU's number
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|"ESRCH"|nil errno EINVAL: there is no such CPU, or it is offline; ESRCH: the task has exited, or exits and has no perf context
function task:migrate(cpu) end

---Make a child on the same CPU. Inherited events are copied, each with its own reservation; the child does not become current.
---
---Kernel: `kernel/fork.c`
---
---```lua
---local child = assert(m:task {}:fork { comm = "child" })
---```
---@param options? hw.fork_options
---@return hw.task? child
---@return string? message if it was refused
---@return "ENOSPC"|"ESRCH"|nil errno ENOSPC: an inherited event does not fit; ESRCH: the task has exited, or exits and has no perf context
function task:fork(options) end

---Start a new image: ptrace events are released, events with enable_on_exec are enabled, and those with remove_on_exec end.
---
---Kernel: `fs/exec.c`
---
---```lua
---local t = m:task {}
---assert(t:execve { compat = true })
---assert.is_true(t.compat)
---```
---@param options? hw.execve_options (default: an image of the task's own width)
---@return true? ok
---@return string? message if it was refused
---@return "ESRCH"|nil errno ESRCH: the task has exited, or exits and has no perf context
function task:execve(options) end

---Switch to the task and run the whole exit path as that task. Its events stay reserved until they are closed.
---
---Kernel: `kernel/exit.c`
---
---```lua
---m:task {}:exit()
---```
---@return true? ok
---@return string? message if it was refused
---@return "ESRCH"|nil errno ESRCH: the task has exited, or exits and has no perf context
function task:exit() end

---Set a function that exit_files calls, under a given name, when the task exits.
---
---```lua
---local w = assert(m:register_wide_hw_breakpoint { type = "rw", addr = 0xffffff8008c5a000, len = 8 })
---local t = m:task { comm = "mali-cmar-backe" }
---t:on_exit("_unregister_wp_bp", function() m:unregister_wide_hw_breakpoint(w) end)
---t:exit()
---```
---@param name string the function's name in chains
---@param fn fun(t: hw.task) the function
---@return true? ok
---@return string? message if it was refused
---@return "ESRCH"|nil errno ESRCH: the task has exited, or exits and has no perf context
function task:on_exit(name, fn) end

---Wait until the task has exited.
---
---```lua
---local t = m:task { body = function(t) m:msleep(10) end }
---t:wait()
---assert.equals("dead", t.state)
---```
---@return true
function task:wait() end

---Write the register set up to entry idx, as PTRACE_SETREGSET does. Entries below it are written with the values that they read.
---
---Kernel: `arch/arm64/kernel/ptrace.c`
---
---```lua
---local t = m:task {}
---assert(t:ptrace_set("watch", 0, 0x1000, 0x1f5))
---print(t:store(0x1000, 4))
---print(t.siginfo.code, hw.hex(t.siginfo.addr))
---```
---@param which "watch"|"break" the register set
---@param idx integer the entry, from 0
---@param addr u64 the address
---@param ctrl u64 the control word, 32 bits
---@param options? hw.tracer_options (default: the script, a 64-bit tracer)
---@return true? ok
---@return string? message if it was refused
---@return "ENOSPC"|"EINVAL"|"ESRCH"|nil errno ENOSPC: the entry does not fit; EINVAL: the address, mask or type is invalid, the index is 16 or more, or the tracer is a 32-bit task; ESRCH: the task has exited, or exits and has no perf context
function task:ptrace_set(which, idx, addr, ctrl, options) end

---Read one entry of a register set.
---
---Kernel: `arch/arm64/kernel/ptrace.c`
---
---```lua
---print(m:task {}:ptrace_get("watch", 0))
---```
---@param which "watch"|"break" the register set
---@param idx integer the entry, from 0
---@param options? hw.tracer_options (default: the script, a 64-bit tracer)
---@return u64? addr the address
---@return u64 ctrl the control word
function task:ptrace_get(which, idx, options) end

---Read the info word of a register set: the debug version in [15:8], the count in [7:0].
---
---Kernel: `arch/arm64/kernel/ptrace.c`
---
---```lua
---print(hw.hex(m:task {}:ptrace_info("watch")))
---```
---@param which "watch"|"break" the register set
---@param options? hw.tracer_options (default: the script, a 64-bit tracer)
---@return u64? info
---@return string? message if it was refused
---@return "EINVAL"|"ESRCH"|nil errno EINVAL: the tracer is a 32-bit task; ESRCH: the task has exited, or exits and has no perf context
function task:ptrace_info(which, options) end

---End each instruction of the task in SIGTRAP (TRAP_TRACE), after its access, as PTRACE_SINGLESTEP does for one. A step that the kernel takes for its own purposes is not reported.
---
---Kernel: `arch/arm64/kernel/ptrace.c`
---
---```lua
---local t = m:task {}
---t:ptrace_singlestep(true)
---print(t:store(0x1000, 4, 7))
---t:ptrace_singlestep(false)
---assert.equals(7, t:load(0x1000, 4))
---```
---@param on boolean false: the task runs on, as with PTRACE_CONT
---@return true? ok
---@return string? message if it was refused
---@return "ESRCH"|nil errno ESRCH: the task has exited, or exits and has no perf context
function task:ptrace_singlestep(on) end

---One perf event: a breakpoint or watchpoint of a task or of a CPU. It lives until it is closed or unregistered; its fields can be read even after that.
---@class hw.event
---@field id integer Its number on the machine: 5 for w5.
---@field label string Its name in messages and traces: b1 or w5.
---@field name? string The name that the script gave it, nil without one.
---@field type "r"|"w"|"rw"|"x"|integer The accesses that it watches for.
---@field addr u64 The address, as asked.
---@field len u64 The length in bytes, as asked.
---@field cpu integer The CPU that it counts on; -1 if it follows its task.
---@field task? hw.task The task that it belongs to, nil for an event of a CPU.
---@field state "off"|"inactive"|"active"|"error"|"exit"|"dead" Its state.
---@field count u64 The number of its hits.
---@field group? hw.event The leader of the group that it is a member of.
---@field attr hw.attr Its attributes, in a new table.
---@field slot? integer Its slot, nil while it is in no register.
---@field wide? hw.wide The wide registration that it is part of.
---@field closed boolean Whether it was closed or unregistered.
local event = {}

---Enable it and the events that inherited from it, as PERF_EVENT_IOC_ENABLE does.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
---  disabled = true })
---ev:enable()
---assert.equals("active", ev.state)
---```
---@param options? hw.ioctl_options (default: the event alone)
---@return true
function event:enable(options) end

---Disable it and the events that inherited from it, as PERF_EVENT_IOC_DISABLE does.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---ev:disable()
---assert.equals("off", ev.state)
---```
---@param options? hw.ioctl_options (default: the event alone)
---@return true
function event:disable(options) end

---Change it in place, as PERF_EVENT_IOC_MODIFY_ATTRIBUTES does. Fields that are left out keep the values of ev.attr.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---assert(ev:modify { addr = 0xffffff8008080008 })
---```
---@param attr hw.attr the attributes to change
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|"ENOSPC"|nil errno EINVAL: the attributes are invalid: length, alignment, address, or a CPU that does not exist; ENOSPC: every register of that kind is reserved; m:why() names the holders
function event:modify(attr) end

---Read the count, as from the file.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---print(ev:read())
---```
---@return u64? count its hits and those of the events that inherited from it; nil in the error state, where the file is at its end
function event:read() end

---Read what read_format asked for: the count or those of the group, and the times. In the error state, in which a read returns 0 bytes, it returns nil and a message.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local leader = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
---  read_format = { "group", "total_time_enabled" } })
---assert(m:perf_event_open { type = "w", addr = 0xffffff8008080008, len = 8, cpu = 0, group = leader })
---m.cpu[0]:store(0xffffff8008080008, 8)
---local v = leader:read_values()
---assert.equals(leader, v.group[1][1])
---assert.equals(1, v.group[2].count)
---```
---@return hw.event_values? values nil in the error state
function event:read_values() end

---Set its count to 0, and those of the events that inherited from it, as PERF_EVENT_IOC_RESET does.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---m.cpu[0]:store(0xffffff8008080000, 8)
---assert(ev:reset())
---assert.equals(0, ev:read())
---```
---@return true
function event:reset() end

---Enable it for n samples more, as PERF_EVENT_IOC_REFRESH does: the last of them disables it. From 6.16 on it then counts nothing more until ev:period().
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
---  sample_period = 1, disabled = true })
---assert(ev:refresh(1))
---m.cpu[0]:store(0xffffff8008080000, 8)
---assert.equals("off", ev.state)
---```
---@param n integer samples
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: it has no sample_period, or inherits
function event:refresh(n) end

---Set its sample_period, or its frequency, as PERF_EVENT_IOC_PERIOD does.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
---  sample_period = 1 })
---assert(ev:period(3))
---assert.errno("EINVAL", ev:period(0))
---```
---@param n u64 hits, or Hz
---@return true? ok
---@return string? message if it was refused
---@return "EINVAL"|nil errno EINVAL: it has no sample_period, or n is 0 or too large
function event:period(n) end

---Close the last file descriptor: the event leaves its register and its reservation is released.
---
---Kernel: `kernel/events/core.c`
---
---```lua
---local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
---ev:close()
---assert.no_leaks(m)
---```
---@return true
function event:close() end

---A wide registration: one event for each CPU that was online.
---@class hw.wide
---@field id integer Its number on the machine.
---@field closed boolean Whether it was unregistered.
---@field [integer] hw.event|nil That CPU's event, nil if it has none.
local wide = {}

---One access that an event watched for, as its handler gets it.
---@class hw.hit
---@field cpu integer The CPU's number.
---@field task hw.task The task that was current.
---@field el integer The exception level of the access, 0 or 1.
---@field kind "load"|"store"|"exec" The kind of the access.
---@field addr u64 The address that was reported, with its tag.
---@field size integer The bytes of the access.
---@field pc u64 The address of the instruction: the one that the access named, else one that follows from the line of the script. A handler that writes it moves the task there, and the instruction is not performed.
---@field pc_made_up boolean Whether the access named no pc.
---@field slot integer The slot of the event.
---@field skip boolean Set it to true in the handler to move the pc past the instruction, which is then not performed.
local hit = {}

---The reason why a call was refused. tostring gives the whole explanation in words.
---@class hw.refusal
---@field errno string The errno's name.
---@field rule string The rule of the specification that refused, such as R-CON-7.
---@field fn string The kernel function that refused.
---@field asked string The request.
---@field holders hw.event[] The events that hold the slots: first those of the CPU, then those of the task that counts.
local refusal = {}

---A work item, delayed or not.
---@class hw.work
---@field name string The function's name.
---@field pending boolean Whether it is queued or its timer is armed. It is not pending while its function runs.
---@field running boolean Whether its function is running.
---@field runs integer How often its function was started.
local work = {}

---A mutex of the driver.
---@class hw.mutex
---@field name string Its name in messages.
---@field owner? hw.task The task that holds it.
local mutex = {}

---A completion of the driver.
---@class hw.completion
---@field name string Its name in messages.
---@field done boolean Whether the next wait passes at once.
local completion = {}

---A timer of a driver.
---@class hw.timer
---@field name string The function's name.
---@field pending boolean Whether it is armed.
---@field runs integer How often its function was called.
---@field expires u64 The jiffy that it was last armed for.
---@field cpu? integer The CPU where it is armed, nil if it is not.
local timer = {}

---An irq_work of a driver.
---@class hw.irq_work
---@field name string The function's name.
---@field pending boolean Whether it is queued and has not begun.
---@field runs integer How often its function was called.
local irq_work = {}

---A real machine that is only looked at: through a trace, a gdb stub, or its own /proc/kcore. What its source does not know is nil, never 0.
---@class hw.board
---@field nr_cpus integer The number of CPUs.
---@field core_num_brps integer The breakpoint registers that the kernel uses.
---@field core_num_wrps integer The watchpoint registers that the kernel uses.
---@field kernel? string The kernel's release.
---@field source string Where it comes from: trace, gdb or kcore.
---@field cpu hw.board_cpus The CPUs, from 0.
local board = {}

---The board at a time of its trace, in seconds. A board that is not of a trace raises.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(board:at(1.5).cpu[0].wcr[0])
---```
---@param t number seconds, as the trace has them
---@return hw.board board
function board:at(t) end

---Look again, and return what has changed. A board of a trace raises.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(pcall(board.refresh, board))
---```
---@return hw.board_change[] changes
function board:refresh() end

---The events that exist.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(#board:events())
---```
---@return hw.board_event[] list
function board:events() end

---The requests that were refused, with who held the slots.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(#board:refusals())
---```
---@return hw.board_event[] list
function board:refusals() end

---The events that were never released.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(#board:leaks())
---```
---@return hw.board_event[] list
function board:leaks() end

---All findings, worst first.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---for _, f in ipairs(board:findings()) do print(f.finding) end
---```
---@return hw.board_event[] list
function board:findings() end

---A machine brought into the same state, so that m:why() and what-ifs work on it.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(board:model())
---```
---@return hw.machine? m
---@return string? message if it was refused
---@return "EOPNOTSUPP"|nil errno EOPNOTSUPP: the board does not tell its state, or the model cannot have it
function board:model() end

---The text of a scenario that does on the model what the board did.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(#board:scenario() > 0)
---```
---@return string text
function board:scenario() end

---The CPUs of a board, board.cpu.
---@class hw.board_cpus
---@field [integer] hw.board_cpu CPU n, from 0; any other number raises.
---@operator len: integer
local board_cpus = {}

---A CPU of a board: what its source knows of its registers.
---@class hw.board_cpu
---@field id integer The CPU's number.
---@field online? boolean Whether the kernel runs on it.
---@field current? string The task that is current there, as comm-pid.
---@field mdscr_el1? u64 MDSCR_EL1.
---@field bvr hw.board_bank DBGBVRn_EL1, by n from 0.
---@field bcr hw.board_bank DBGBCRn_EL1, by n from 0.
---@field wvr hw.board_bank DBGWVRn_EL1, by n from 0.
---@field wcr hw.board_bank DBGWCRn_EL1, by n from 0.
---@field bp_on_reg hw.board_slots The events in the breakpoint slots.
---@field wp_on_reg hw.board_slots The events in the watchpoint slots.
local board_cpu = {}

---The debug registers of one kind of a board's CPU.
---@class hw.board_bank
---@field [integer] u64 The value of register n, from 0, nil if it is not known; a number beyond those of the CPU raises.
---@operator len: integer
local board_bank = {}

---The slots of one kind of a board's CPU.
---@class hw.board_slots
---@field [integer] hw.board_event The event in slot n, from 0, nil if it is empty or not known; a number beyond the slots raises.
---@operator len: integer
local board_slots = {}

---A faithful model of the hardware breakpoints and watchpoints of Linux on arm64. Calls of the kernel's API have the kernel's names. A call that the kernel refuses returns nil, a message and the errno's name; a call with invalid arguments raises.
---@class hwlib
---@field errno table<string, integer> The numbers of errnos by name: hw.errno.ENOSPC is 28.
---@field presets hw.preset[] The cores that a machine can have, as a list and by name.
---@field kernels string[] The full names of the kernel profiles.
hw = {}

---Make a machine and boot it.
---
---```lua
---local m = hw.machine { cpus = 4, brps = 6, wrps = 4 }
---```
---@param options? hw.machine_options
---@return hw.machine m
function hw.machine(options) end

---Run a function once for each order that the kernel allows, or for as many as the budget allows, each time with a new machine.
---
---```lua
---local r = hw.explore({ machine = { cpus = 2 } }, function(m)
---  for cpu = 0, 1 do m:task { cpu = cpu, body = function(t) t:store(0x1000, 8, 1) end } end
---  m:run()
---  assert.no_leaks(m)
---end)
---assert(r.ok and r.complete)
---```
---@param options hw.explore_options
---@param fn fun(m: hw.machine) makes tasks, work and timers on m and runs it
---@return hw.exploration r
function hw.explore(options, fn) end

---A board from the text of a trace (of hwlua probes, tracefs, trace-cmd, perf script, dmesg) or of a file that hwlua attach --save wrote. Raises where nothing in the text can be read.
---
---```lua
---local board = hw.board("  agent-1 [000] d.... 1.5: control: (hw_breakpoint_control+0x0/0x224) "
---  .. "bp=0xffff000002c3ce00 ops=0")
---print(board.nr_cpus, board.source)
---```
---@param text string the text
---@return hw.board board
function hw.board(text) end

---The exact value of an integer or of text. A value below 2^53 is an ordinary number, a larger one is a u64. Equal values are always the same Lua value.
---
---```lua
---assert(hw.u64 "0xffffff8008c5a004" == 0xffffff8008c5a004)
---```
---@param x u64|string an integer below 2^53, a u64, or text: decimal, or hexadecimal after 0x
---@return u64 value
function hw.u64(x) end

---A value in lower-case hexadecimal, after 0x.
---
---```lua
---assert(hw.hex(0x1e5, 16) == "0x00000000000001e5")
---```
---@param value u64
---@param digits? integer the number of digits, padded with zeros (default: no padding)
---@return string text
function hw.hex(value, digits) end

---Whether a is less than b, for any mixture of numbers and u64s. The operator < of Lua 5.1 cannot compare a number with a variable that holds a u64.
---
---```lua
---assert(hw.lt(5, 0xffffff8008c5a005))
---```
---@param a number|u64
---@param b number|u64
---@return boolean less
function hw.lt(a, b) end

---Whether a is less than or equal to b, for any mixture of numbers and u64s.
---
---```lua
---assert(hw.le(0xffffff8008c5a005, 0xffffff8008c5a005))
---```
---@param a number|u64
---@param b number|u64
---@return boolean less
function hw.le(a, b) end

---The type of a value: u64, machine, cpu, bank, task, event, wide, work and the names of the other classes; for any other value that of type.
---
---```lua
---assert(hw.type(m.cpu[0]) == "cpu")
---```
---@param v any|nil
---@return string name
function hw.type(v) end

---The meaning of a register's value, in words. If no register is named, the value is a control word.
---
---```lua
---print(hw.explain(0x1f5))
---```
---@param value u64
---@param register? "BVR"|"BCR"|"WVR"|"WCR"|"MDSCR_EL1"|"ID_AA64DFR0_EL1" the register that holds it (default: a control word; its type tells which)
---@return string text
function hw.explain(value, register) end

---Control words: DBGBCR and DBGWCR as the kernel writes them.
---@class hw.ctrllib
hw.ctrl = {}

---Make a control word.
---
---```lua
---assert(hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true } == 0x1f5)
---```
---@param fields hw.ctrl_fields
---@return integer value
function hw.ctrl.encode(fields) end

---Take a control word apart.
---
---```lua
---assert(hw.ctrl.decode(0x18d).bas == 0x0c)
---```
---@param value u64 32 bits
---@return hw.ctrl fields
function hw.ctrl.decode(value) end

---Bit operations on 64 bits. A negative number stands for its two's complement.
---@class bitlib
bit = {}

---The bits that are set in every operand.
---
---```lua
---assert(bit.band(0xffffff8008c5a007, bit.bnot(7)) == 0xffffff8008c5a000)
---```
---@param ... u64
---@return u64 value
function bit.band(...) end

---The bits that are set in any operand.
---
---```lua
---assert(bit.bor(1, 2, 4) == 7)
---```
---@param ... u64
---@return u64 value
function bit.bor(...) end

---The bits that are set in an odd number of operands.
---
---```lua
---assert(bit.bxor(5, 1) == 4)
---```
---@param ... u64
---@return u64 value
function bit.bxor(...) end

---The bits that are not set.
---
---```lua
---assert(bit.bnot(0) == 0xffffffffffffffff)
---```
---@param v u64
---@return u64 value
function bit.bnot(v) end

---Shift left.
---
---```lua
---assert(bit.lshift(1, 63) == 0x8000000000000000)
---```
---@param v u64
---@param n integer the number of bits; 64 and more shift everything out
---@return u64 value
function bit.lshift(v, n) end

---Shift right; zeros come in.
---
---```lua
---assert(bit.rshift(0x8000000000000000, 63) == 1)
---```
---@param v u64
---@param n integer the number of bits; 64 and more shift everything out
---@return u64 value
function bit.rshift(v, n) end

---Shift right; copies of the sign come in.
---
---```lua
---assert(bit.arshift(0x8000000000000000, 63) == 0xffffffffffffffff)
---```
---@param v u64
---@param n integer the number of bits; 64 and more shift everything out
---@return u64 value
function bit.arshift(v, n) end

---Rotate left.
---
---```lua
---assert(bit.rol(0x8000000000000001, 1) == 3)
---```
---@param v u64
---@param n integer the number of bits
---@return u64 value
function bit.rol(v, n) end

---Rotate right.
---
---```lua
---assert(bit.ror(3, 1) == 0x8000000000000001)
---```
---@param v u64
---@param n integer the number of bits
---@return u64 value
function bit.ror(v, n) end

---Take a field out.
---
---```lua
---assert(bit.extract(0x1fe0, 5, 8) == 0xff)
---```
---@param v u64
---@param field integer its lowest bit
---@param width? integer (default: 1)
---@return u64 value
function bit.extract(v, field, width) end

---Put a field in.
---
---```lua
---assert(bit.replace(0, 0xff, 5, 8) == 0x1fe0)
---```
---@param v u64
---@param u u64 the new value of the field
---@param field integer its lowest bit
---@param width? integer (default: 1)
---@return u64 value
function bit.replace(v, u, field, width) end

---Hexadecimal digits without 0x.
---
---```lua
---assert(bit.tohex(0x1e5, 4) == "01e5")
---```
---@param v u64
---@param digits? integer (default: 16)
---@return string text
function bit.tohex(v, digits) end

---Assertions, in luassert's order: expected, actual, message. assert(v [, message]) works as in Lua; assert.are.equals, assert.is.truthy, assert.is_not.falsy and the like mean the same. For assert.snapshot, see it, the word for a case.
---@class assertlib
---@overload fun(v: any, message?: any, ...: any): ...
assert = {}

---Both are the same value.
---
---```lua
---assert.equals(6, m.core_num_brps)
---```
---@param expected any|nil
---@param actual any|nil
---@param message? string the text of the failure
function assert.equals(expected, actual, message) end

---Both are the same value, or tables with the same contents.
---
---```lua
---assert.same({ 0, 1 }, { 0, 1 })
---```
---@param expected any|nil
---@param actual any|nil
---@param message? string the text of the failure
function assert.same(expected, actual, message) end

---The value is true.
---
---```lua
---assert.is_true(m.cpu[0].online)
---```
---@param actual any|nil
---@param message? string the text of the failure
function assert.is_true(actual, message) end

---The value is false.
---
---```lua
---assert.is_false(m.cpu[0].suspended)
---```
---@param actual any|nil
---@param message? string the text of the failure
function assert.is_false(actual, message) end

---The value is nil.
---
---```lua
---assert.is_nil(m.cpu[0].wp_on_reg[0])
---```
---@param actual any|nil
---@param message? string the text of the failure
function assert.is_nil(actual, message) end

---The value is not nil.
---
---```lua
---assert.is_not_nil(m.cpu[0].current)
---```
---@param actual any|nil
---@param message? string the text of the failure
function assert.is_not_nil(actual, message) end

---The value is neither nil nor false.
---
---```lua
---assert.is_truthy(0)
---```
---@param actual any|nil
---@param message? string the text of the failure
function assert.is_truthy(actual, message) end

---The value is nil or false.
---
---```lua
---assert.is_falsy(nil)
---```
---@param actual any|nil
---@param message? string the text of the failure
function assert.is_falsy(actual, message) end

---The number is within the tolerance of the expected one.
---
---```lua
---assert.near(0.3, 0.1 + 0.2, 1e-9)
---```
---@param expected number
---@param actual number
---@param tolerance number
---@param message? string the text of the failure
function assert.near(expected, actual, tolerance, message) end

---The text matches the Lua pattern.
---
---```lua
---assert.matches("^hwlua", m.current.comm)
---```
---@param pattern string
---@param actual string
---@param message? string the text of the failure
function assert.matches(pattern, actual, message) end

---The function raises, with the given message if there is one.
---
---```lua
---assert.has_error(function() return m.cpu[99] end)
---```
---@param fn fun()
---@param message? string the text of the failure
function assert.has_error(fn, message) end

---The function does not raise.
---
---```lua
---assert.has_no_error(function() return m.cpu[0] end)
---```
---@param fn fun()
---@param message? string the text of the failure
function assert.has_no_error(fn, message) end

---Each given register has that value; for a machine, on every online CPU. A failure shows each register, expected, found, and the fields that differ in words.
---
---```lua
---m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
---assert.regs(m, { wvr = { [0] = 0xffffff8008c5a000 }, wcr = { [0] = 0x1ff3 } })
---```
---@param where hw.cpu|hw.machine
---@param expected hw.regs
---@param message? string the text of the failure
function assert.regs(where, expected, message) end

---Each given register has that value, and every other register of the four banks is 0. MDSCR_EL1 counts only if it is given.
---
---```lua
---assert.regs_exactly(m, { mdscr_el1 = 0x1000 })
---```
---@param where hw.cpu|hw.machine
---@param expected hw.regs
---@param message? string the text of the failure
function assert.regs_exactly(where, expected, message) end

---The call was refused with that errno.
---
---```lua
---assert.errno("EINVAL", m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 })
---```
---@param name string the errno's name
---@param ... any the results of a call
function assert.errno(name, ...) end

---The call was not refused: its first result is not nil.
---
---```lua
---local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 })
---```
---@param ... any the results of a call
---@return any ...
function assert.succeeds(...) end

---The names agree in order; "..." skips any number of names.
---
---```lua
---m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
---assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "..." }, m:callchain("write_wb_reg"))
---```
---@param expected string[]
---@param actual? string[] the result of m:callchain
---@param message? string the text of the failure
function assert.callchain(expected, actual, message) end

---A line of the kernel log matches the Lua pattern.
---
---```lua
---assert.dmesg(m, "found 6 breakpoint and 4 watchpoint registers%.$")
---```
---@param m hw.machine
---@param pattern string
---@param message? string the text of the failure
function assert.dmesg(m, pattern, message) end

---Nothing is left reserved, installed, queued or pending, except the kernel's own work. A failure names each leak, with its address.
---
---```lua
---assert.no_leaks(m)
---```
---@param m hw.machine
---@param message? string the text of the failure
function assert.no_leaks(m, message) end

---The words of assert, without stopping the case: if one fails, the case goes on and fails at its end. check.equals(6, m.core_num_brps)
---@class checklib
check = {}

---Group cases under a name.
---@param name string
---@param fn fun()
function describe(name, fn) end

---A case, which passes if it does not raise. Each has a runtime of its own. it.each { row, ... } (name, fn) makes a case of each row: %s and {field} in the name take the row's values, fn gets them as arguments. In a case, assert.snapshot(name, value) passes if the value is the one that hwlua run --update wrote.
---@param name string
---@param fn fun()
function it(name, fn) end

---A case that passes when no schedule of its function fails: hw.explore(options, fn) as a case. before_each and after_each run once for each schedule.
---@param name string
---@param options? hw.explore_options (default: {})
---@param fn fun(m: hw.machine) makes tasks, work and timers on m and runs it
function it.explore(name, options, fn) end

---Group cases as describe does. Globals and modules that its function sets or loads are gone after it.
---@param name string
---@param fn fun()
function insulate(name, fn) end

---Group cases as describe does.
---@param name string
---@param fn fun()
function expose(name, fn) end

---Run before the hooks of each case of the group: a case has a runtime of its own, so this is the first function that runs there.
---@param fn fun()
function setup(fn) end

---Run after everything else of each case of the group, even if it failed.
---@param fn fun()
function teardown(fn) end

---Run after the setup of all groups around a case.
---@param fn fun()
function lazy_setup(fn) end

---Run before the teardown of the group.
---@param fn fun()
function lazy_teardown(fn) end

---Another name of setup.
---@param fn fun()
function strict_setup(fn) end

---Another name of teardown.
---@param fn fun()
function strict_teardown(fn) end

---Run before each case of the group.
---@param fn fun()
function before_each(fn) end

---Run after each case of the group, even if it failed.
---@param fn fun()
function after_each(fn) end

---Inside a case: run at its end, even if it failed, before the hooks after it.
---@param fn fun()
function finally(fn) end

---A case that is still to be written; inside a case, the reason why it cannot continue.
---@param name string
function pending(name) end

---Spies, as in luassert: spy.new(fn), and spy.on(t, key) in the place of t[key], record their calls for assert.spy(s).was.called_with(...), was.called(n), returned_with(...) and others; s:clear() and s:revert() undo that.
---@class spylib
spy = {}

---Stubs, as in luassert: stub(t, key, results...) puts a spy with these results in the place of t[key]; s.returns(...), s.invokes(fn) and s.on_call_with(...).returns(...) set them.
---@class stublib
stub = {}

---Mocks, as in luassert: mock(t) makes spies, and mock(t, true) stubs, of the functions in t; mock.clear(t) and mock.revert(t) undo that.
---@class mocklib
mock = {}

---Matchers, as in luassert, for the arguments of called_with: match._, match.is_string(), match.near(1, 0.1), match.is_all_of(...) and those of assert:register("matcher", ...).
---@class matchlib
match = {}

return hw
