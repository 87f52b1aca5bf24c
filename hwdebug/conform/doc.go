// What the package is for.

// Package conform replays recorded runs of a real kernel on a hwdebug.Target and compares every step: what each
// call returned, which events were hit, what the debug registers of a CPU read, and what was left behind when all
// of a case was taken away.
//
// A recording is a file of JSON lines, plain or gzip'd: a first line that says which kernel and machine answered,
// then one line for each case, a list of steps on a fresh machine. Reader decodes it line by line and refuses a
// file that is not exactly in the format, naming line and column. Replay performs one case, Run whole files.
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
// The recordings were made by a driver program that gives some answers itself: NOHANDLE, NOTASK, BUSYHANDLE and
// BUSYTASK, for names that it does not know or has given away, and `hits`, the growth of each event's count. These
// are answers of this package, never of the target. A step that carries a mark depends on a choice of the machine
// that was recorded; it is compared like any other and counted apart.
//
// Left out: the package does not record, does not know of any particular target, and needs no test framework.
package conform
