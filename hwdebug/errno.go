// The errnos of this subsystem, with the numbers and names of Linux on every host.

package hwdebug

import (
	"errors"
	"slices"
	"strconv"
	"syscall"
)

// ENOTSUPP is the kernel's internal "operation is not supported" (524), which user space headers lack.
const ENOTSUPP = syscall.Errno(524)

// An ErrnoInfo is one errno as Linux numbers it.
type ErrnoInfo struct {
	Name   string
	Number int // Linux/arm64
	Errno  syscall.Errno
}

// Errnos is the table of errnos, by Linux number.
var Errnos = []ErrnoInfo{
	{"EPERM", 1, syscall.EPERM},
	{"ENOENT", 2, syscall.ENOENT},
	{"ESRCH", 3, syscall.ESRCH},
	{"EINTR", 4, syscall.EINTR},
	{"EIO", 5, syscall.EIO},
	{"ENXIO", 6, syscall.ENXIO},
	{"E2BIG", 7, syscall.E2BIG},
	{"EBADF", 9, syscall.EBADF},
	{"EAGAIN", 11, syscall.EAGAIN},
	{"ENOMEM", 12, syscall.ENOMEM},
	{"EACCES", 13, syscall.EACCES},
	{"EFAULT", 14, syscall.EFAULT},
	{"EBUSY", 16, syscall.EBUSY},
	{"EEXIST", 17, syscall.EEXIST},
	{"ENODEV", 19, syscall.ENODEV},
	{"EINVAL", 22, syscall.EINVAL},
	{"ENOSPC", 28, syscall.ENOSPC},
	{"EDEADLK", 35, syscall.EDEADLK},
	{"EOPNOTSUPP", 95, syscall.EOPNOTSUPP},
	{"ENOTSUPP", 524, ENOTSUPP},
}

// Errno returns the errno that err unwraps to, or 0.
func Errno(err error) syscall.Errno {
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return 0
}

// ErrnoName returns the name of e, such as "ENOSPC", or its number in decimal if it is not in Errnos.
func ErrnoName(e syscall.Errno) string {
	if info, ok := find(func(i ErrnoInfo) bool { return i.Errno == e }); ok {
		return info.Name
	}
	return strconv.Itoa(int(e))
}

// ErrnoNumber returns the Linux number of e, such as 28 for ENOSPC.
func ErrnoNumber(e syscall.Errno) int {
	if info, ok := find(func(i ErrnoInfo) bool { return i.Errno == e }); ok {
		return info.Number
	}
	return int(e)
}

// ErrnoByName returns the errno with that name.
func ErrnoByName(name string) (syscall.Errno, bool) {
	info, ok := find(func(i ErrnoInfo) bool { return i.Name == name })
	return info.Errno, ok
}

// ErrnoByNumber returns the errno with that Linux number.
func ErrnoByNumber(n int) (syscall.Errno, bool) {
	info, ok := find(func(i ErrnoInfo) bool { return i.Number == n })
	return info.Errno, ok
}

// find returns the first errno that match accepts.
func find(match func(ErrnoInfo) bool) (info ErrnoInfo, ok bool) {
	if i := slices.IndexFunc(Errnos, match); i >= 0 {
		return Errnos[i], true
	}
	return info, false
}
