# Sets kprobes on the kernel's breakpoint code through tracefs, prints the trace, and takes everything back
# when it ends. Run it as root. It is plain POSIX sh, and needs cat, grep, sed, sleep and uname.
# HWLUA_TRACEFS, HWLUA_KALLSYMS and HWLUA_SYS name other places of what it reads and writes.

say() { echo "hwlua probes: $*" >&2; }

# find_tracefs sets $dir, and mounts tracefs if it is not there.
find_tracefs() {
	for dir in "$HWLUA_TRACEFS" /sys/kernel/tracing /sys/kernel/debug/tracing; do
		[ -n "$dir" ] && [ -e "$dir/kprobe_events" ] && return 0
	done
	dir=/sys/kernel/tracing
	[ -z "$HWLUA_TRACEFS" ] && mount -t tracefs tracefs $dir 2>/dev/null
	[ -z "$HWLUA_TRACEFS" ] && [ -e $dir/kprobe_events ] && return 0
	say "no kprobe_events in tracefs; fix: run as root, on a kernel with CONFIG_KPROBE_EVENTS"
	return 1
}

# put writes text to a file of tracefs, quietly.
put() { { echo "$1" > "$dir/$2"; } 2>/dev/null; }

# add appends text to a file of tracefs, quietly.
add() { { echo "$1" >> "$dir/$2"; } 2>/dev/null; }

# have reports whether the kernel has a function. Without a list of symbols the kernel has to say so itself.
have() {
	[ -r "$symbols" ] || return 0
	grep -q " $1\$" "$symbols" 2>/dev/null || grep -q " $1[[:space:]]" "$symbols" 2>/dev/null
}

# address prints where a symbol is, 0x0 if that is hidden.
address() {
	found=$(sed -n "s/^0*\([0-9a-f]*\) [a-zA-Z] $1\$/\1/p" "$symbols" 2>/dev/null | sed -n 1p)
	echo "0x${found:-0}"
}

# probe sets a probe: its name, p or r, the function, its fields.
probe() {
	have "$3" || return 1
	add "$2:hwlua/$1 $3${4:+ $4}" kprobe_events || return 1
	names="$names $1"
}

# pair sets the probes on a call and its result, or neither.
pair() {
	probe "$1" p "$2" "$3" || return 1
	probe "$1_ret" r "$2" "ret=\$retval:$4" && return 0
	remove "$1"
	return 1
}

# remove takes one probe back.
remove() {
	add "-:hwlua/$1" kprobe_events
	left=
	for n in $names; do
		[ "$n" = "$1" ] || left="$left $n"
	done
	names=$left
}

# set_opens sets the probes on opens. perf_event_alloc cannot be probed on some kernels up to 5.10.
set_opens() {
	pair alloc perf_event_alloc "@ALLOC@" s64 && return
	if [ -n "@OPEN@" ] && pair open register_perf_hw_breakpoint "@OPEN@" s32; then
		say "perf_event_alloc cannot be probed: opens are seen at register_perf_hw_breakpoint"
		return
	fi
	say "opens cannot be probed: targets and CPUs of events are not seen; fix: give --btf the board's" \
		"/sys/kernel/btf/vmlinux"
	probe parse p hw_breakpoint_arch_parse "@PARSE@" ||
		say "hw_breakpoint_arch_parse cannot be probed: addresses and lengths are not seen"
}

# set_release sets the probe on the release of an event.
set_release() {
	for fn in bp_perf_event_destroy __release_bp_slot release_bp_slot; do
		probe release p $fn "bp=%x0:x64" && return
	done
	say "releases cannot be probed: events that are closed look like leaks"
}

set_probes() {
	set_opens
	pair reserve __reserve_bp_slot "bp=%x0:x64 bp_type=%x1:u32" s32 ||
		pair reserve reserve_bp_slot "bp=%x0:x64" s32 ||
		say "__reserve_bp_slot cannot be probed: changes of kind are not seen, refusals only at their end"
	set_release
	pair modify modify_user_hw_breakpoint_check "@MODIFY@" s32 ||
		say "modify_user_hw_breakpoint_check cannot be probed: ptrace watchpoints and modified events are drawn" \
			"with old addresses"
	probe control p hw_breakpoint_control "bp=%x0:x64 ops=%x1:u32" ||
		say "hw_breakpoint_control cannot be probed: registers are not seen"
	pair wide register_wide_hw_breakpoint "" x64 ||
		say "register_wide_hw_breakpoint cannot be probed: wide registrations look like single events"
	probe unwide p unregister_wide_hw_breakpoint "wide=%x0:x64" ||
		say "unregister_wide_hw_breakpoint cannot be probed"
	probe reset p hw_breakpoint_reset "cpu=%x0:u32" ||
		say "hw_breakpoint_reset cannot be probed: CPUs that come up are not seen"
	pair find find_task_by_vpid "vpid=%x0:s32" x64 ||
		say "find_task_by_vpid cannot be probed: tasks have addresses instead of names"
	[ -z "@HITS@" ] || probe hit p perf_bp_event "bp=%x0:x64 pc=+256(%x1):x64 pstate=+264(%x1):x64" ||
		say "perf_bp_event cannot be probed: hits are not seen"
}

# set_events switches the tracing of everything on.
set_events() {
	for e in sched/sched_process_fork sched/sched_process_exit; do
		put 1 events/$e/enable || say "no event $e: names of tasks are not followed"
	done
	if [ -n "@STEPS@" ]; then
		for fn in toggle_bp_registers reinstall_suspended_bps try_step_suspended_breakpoints; do
			have $fn && add $fn set_ftrace_filter && steps=1
		done
		[ -n "$steps" ] && put function current_tracer ||
			{ steps=; say "no function tracer: when a step over ends is not seen"; }
	fi
	[ -z "@STACK@" ] || put 1 options/stacktrace || say "no stacks: options/stacktrace is missing"
	put 1 events/hwlua/enable || say "events/hwlua/enable cannot be written: nothing is traced"
	put 1 tracing_on
}

# missed prints how many calls the probes have missed.
missed() {
	total=0
	while read -r name hits misses; do
		case " $names " in *" $name "*) total=$((total + misses)) ;; esac
	done < "$dir/kprobe_profile" 2>/dev/null
	echo $total
}

# watch reports that every ten seconds.
watch() {
	while sleep 10; do
		put "# missed=$(missed)" trace_marker
	done
}

# clear_probes takes back what this script, or an earlier run, has set.
clear_probes() {
	put 0 events/hwlua/enable
	for e in sched/sched_process_fork sched/sched_process_exit; do
		put 0 events/$e/enable
	done
	[ -z "@STACK@" ] || put 0 options/stacktrace
	if [ -n "$steps@OFF@" ]; then
		put nop current_tracer
		put "" set_ftrace_filter
	fi
	for n in ${names:-$(sed -n 's/^[pr][0-9]*:hwlua\/\([a-z_]*\).*/\1/p' "$dir/kprobe_events" 2>/dev/null)}; do
		add "-:hwlua/$n" kprobe_events
	done
}

finish() {
	trap '' EXIT INT TERM HUP PIPE
	[ -z "$watcher" ] || kill $watcher 2>/dev/null
	[ -z "$reader" ] || kill $reader 2>/dev/null
	echo "# missed=$(missed)"
	clear_probes
}

# too_old reports whether a probe on perf_bp_event would hang this kernel: its kprobes use the hardware
# single step, so a watchpoint hit in kernel mode never ends.
too_old() {
	release=$(uname -r)
	major=${release%%.*}
	minor=${release#*.}
	minor=${minor%%[!0-9]*}
	[ "$major" -lt 5 ] || { [ "$major" -eq 5 ] && [ "$minor" -lt 10 ]; }
}

# header prints what a reader has to know of the board.
header() {
	cpus=0
	for c in "${HWLUA_SYS:-/sys}"/devices/system/cpu/cpu[0-9]*; do
		[ -e "$c" ] && cpus=$((cpus + 1))
	done
	counts=$(dmesg 2>/dev/null |
		sed -n 's/.*hw-breakpoint: found \([0-9]*\) breakpoint and \([0-9]*\) watchpoint.*/\1 \2/p' | sed -n 1p)
	brps=${counts% *}
	wrps=${counts#* }
	echo "# hwlua probes 1 kernel=$(uname -r) cpus=$cpus brps=${brps:-0} wrps=${wrps:-0} btf=@BTF@"
	echo "# hwlua symbols ptrace_hbptriggered=$(address ptrace_hbptriggered)" \
		"perf_event_output_forward=$(address perf_event_output_forward)"
	el=$(level)
	[ -z "$el" ] || echo "# hwlua level el=$el"
}

# level prints the kernel's exception level if the log still has it: 2 if the kernel uses VHE.
level() {
	dmesg 2>/dev/null | sed -n 's/.*CPU: All CPU(s) started at EL[12].*/1/p
		s/.*detected: Virtualization Host Extensions.*/2/p' | sort | sed -n '$p'
}

main() {
	names= steps= watcher= reader=
	symbols=${HWLUA_KALLSYMS:-/proc/kallsyms}
	if [ -n "@HITS@" ] && too_old; then
		say "hits are refused on $(uname -r): a probe on perf_bp_event hangs kernels below 5.10 at the first" \
			"watchpoint hit in kernel mode; fix: leave --with hits out"
		exit 2
	fi
	find_tracefs || exit 2
	if [ -n "@OFF@" ]; then
		clear_probes
		exit 0
	fi
	trap finish EXIT
	trap 'exit 130' INT TERM HUP PIPE
	header
	set_probes
	if [ -z "$names" ]; then
		say "no probe could be set; fix: run as root"
		exit 2
	fi
	set_events
	watch > /dev/null 2>&1 & # it must not keep the output open
	watcher=$!
	cat "$dir/trace_pipe" &
	reader=$!
	wait $reader
	reader=
}

main
