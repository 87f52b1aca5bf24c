// Files that contain BTF: /sys/kernel/btf/vmlinux, a vmlinux, an Image, compressed or not.

package kernel

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxImage bounds a file with BTF, decompressed.
const maxImage = 1 << 30

// FindBTF returns the BTF in a file: the file itself, or a part of a kernel image.
func FindBTF(file []byte) ([]byte, error) {
	file, err := decompress(file)
	if err != nil {
		return nil, err
	}
	magic := []byte{0x9f, 0xeb, 1, 0}
	for at := 0; ; at++ {
		i := bytes.Index(file[at:], magic)
		if i < 0 {
			return nil, errors.New("no BTF in it; fix: take the board's /sys/kernel/btf/vmlinux, " +
				"or the Image of a kernel with CONFIG_DEBUG_INFO_BTF=y")
		}
		at += i
		if blob := blobAt(file[at:]); blob != nil {
			return blob, nil
		}
	}
}

// decompress returns the kernel in a gzip file, or in an Image that decompresses itself (EFI zboot), and any
// other file as it is.
func decompress(file []byte) ([]byte, error) {
	const zbootHeader = 64
	if len(file) >= zbootHeader && string(file[:2]) == "MZ" && string(file[4:8]) == "zimg" {
		start := uint64(binary.LittleEndian.Uint32(file[8:]))
		end := start + uint64(binary.LittleEndian.Uint32(file[12:]))
		kind, _, _ := bytes.Cut(file[24:zbootHeader], []byte{0})
		if string(kind) != "gzip" || end > uint64(len(file)) {
			return nil, fmt.Errorf("the Image is compressed by %.20q; fix: take the board's "+
				"/sys/kernel/btf/vmlinux", kind)
		}
		file = file[start:end]
	}
	if !bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		return file, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxImage))
}

// blobAt returns the BTF that begins at the first byte of data, or nil if its header does not fit data or
// describes too little for a kernel.
func blobAt(data []byte) []byte {
	const headerBytes = 24
	if len(data) < headerBytes {
		return nil
	}
	field := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(data[4*i:])) }
	header, typeAt, types, stringAt, strings := field(1), field(2), field(3), field(4), field(5)
	end := header + max(typeAt+types, stringAt+strings)
	if header < headerBytes || types == 0 || strings == 0 || end > uint64(len(data)) {
		return nil
	}
	return data[:end]
}
