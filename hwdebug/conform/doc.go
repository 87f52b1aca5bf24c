// The purpose of the package.

// Package conform replays recorded runs of a real kernel on a hwdebug.Target and compares every
// step: the result of each call, the events that were hit, the values of a CPU's debug registers,
// and the residue after everything of a case was released.
//
// A recording is a file of JSON lines, plain or gzip'd: a first line that names the kernel and the
// machine, then a line for each case, a list of steps on a fresh machine. Reader decodes it line by
// line and refuses a file that is not exactly in the format, naming line and column. Replay
// performs one case, Run whole files.
//
//	report, err := conform.Run(ctx, conform.Config{
//		Open: func(meta conform.Meta) (hwdebug.Target, error) {
//			m, err := sim.New(sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, meta.Kernel()))
//			if err != nil {
//				return nil, err
//			}
//			return m.Target(), nil
//		},
//	}, "A.jsonl.gz", "B.jsonl.gz")
//
// The driver program that made the recordings gives some answers itself: NOHANDLE, NOTASK,
// BUSYHANDLE and BUSYTASK for names that it does not know or that are in use, and `hits`, the
// growth of each event's count. This package gives these answers, not the target. A marked step
// depends on a choice of the recorded machine; it is compared like any other and counted
// separately.
//
// The package does not record, knows no particular target, and needs no test framework.
package conform
