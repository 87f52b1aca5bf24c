// Strings that are not UTF-8, in JSON.

package report

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// mapText returns a deep copy of v with fn applied to its strings. Maps are not copied, and unexported fields
// are zero.
func mapText[T any](v T, fn func(string) string) T {
	return mapValue(reflect.ValueOf(v), fn).Interface().(T)
}

// mapValue does for one value what mapText describes.
func mapValue(v reflect.Value, fn func(string) string) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	switch {
	case v.Kind() == reflect.String:
		c.SetString(fn(v.String()))
	case v.Kind() == reflect.Pointer && !v.IsNil():
		c.Set(reflect.New(v.Type().Elem()))
		c.Elem().Set(mapValue(v.Elem(), fn))
	case v.Kind() == reflect.Slice && !v.IsNil():
		c.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			c.Index(i).Set(mapValue(v.Index(i), fn))
		}
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if c.Field(i).CanSet() {
				c.Field(i).Set(mapValue(v.Field(i), fn))
			}
		}
	default:
		c.Set(v)
	}
	return c
}

// escapeBytes replaces bytes that are not UTF-8 by \xNN, as the other formats show them.
func escapeBytes(s string) string { return replaceInvalid(s, `\x`) }

// packed stands before the two hexadecimal digits of a byte that is not UTF-8. It is a private character,
// whose own bytes are packed too.
const packed = "\U0010fffd"

// packBytes encodes any string as UTF-8. Most stay as they are.
func packBytes(s string) string {
	if strings.Contains(s, packed) {
		parts := strings.Split(s, packed)
		for i := range parts {
			parts[i] = packBytes(parts[i])
		}
		return strings.Join(parts, packed+"f4"+packed+"8f"+packed+"bf"+packed+"bd")
	}
	return replaceInvalid(s, packed)
}

// unpackBytes decodes what packBytes returned.
func unpackBytes(s string) string {
	parts := strings.Split(s, packed)
	for i, p := range parts[1:] {
		if len(p) < 2 {
			continue // not what packBytes wrote
		}
		if b, err := strconv.ParseUint(p[:2], 16, 8); err == nil {
			parts[i+1] = string([]byte{byte(b)}) + p[2:]
		}
	}
	return strings.Join(parts, "")
}

// replaceInvalid replaces each byte that is not UTF-8 by mark and its two hexadecimal digits.
func replaceInvalid(s, mark string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, "%s%02x", mark, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
