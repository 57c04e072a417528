package mmdb

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// The tests write their own files: a MaxMind DB is a binary tree of 24-bit
// pairs, sixteen zeros, the records, a marker and a record about it all.

type (
	record map[string]any
	list   []any
)

type entry struct {
	prefix string
	record record
}

// encode writes a file of IP version 6, in which IPv4 lies under ::/96.
func encode(kind string, built uint64, entries ...entry) []byte {
	type node [2]int // 0 = nothing, n > 0: node n, n < 0: data at -n-1
	nodes := []node{{}}
	var data []byte
	for _, e := range entries {
		prefix := netip.MustParsePrefix(e.prefix)
		bits, addr := prefix.Bits(), prefix.Addr().As16()
		if prefix.Addr().Is4() {
			clear(addr[:12])
			bits += 96
		}
		at := 0
		for i := range bits {
			bit := addr[i/8] >> (7 - i%8) & 1
			if i == bits-1 {
				nodes[at][bit] = -len(data) - 1
				break
			}
			if nodes[at][bit] <= 0 {
				nodes = append(nodes, node{})
				nodes[at][bit] = len(nodes) - 1
			}
			at = nodes[at][bit]
		}
		data = appendValue(data, e.record)
	}
	var out []byte
	for _, n := range nodes {
		for _, to := range n {
			v := len(nodes) // nothing
			switch {
			case to > 0:
				v = to
			case to < 0:
				v = len(nodes) + 16 - to - 1
			}
			out = append(out, byte(v>>16), byte(v>>8), byte(v))
		}
	}
	out = append(out, make([]byte, 16)...)
	out = append(out, data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	return appendValue(out, record{
		"binary_format_major_version": uint64(2), "binary_format_minor_version": uint64(0), "build_epoch": built,
		"database_type": kind, "description": record{"en": "test"}, "ip_version": uint64(6), "languages": list{"en"},
		"node_count": uint64(len(nodes)), "record_size": uint64(24),
	})
}

func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return append(appendControl(dst, 2, len(v)), v...)
	case record:
		dst = appendControl(dst, 7, len(v))
		var keys []string
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			dst = appendValue(appendValue(dst, k), v[k])
		}
		return dst
	case list:
		dst = appendControl(dst, 11, len(v))
		for _, w := range v {
			dst = appendValue(dst, w)
		}
		return dst
	case uint64:
		return binary.BigEndian.AppendUint64(appendControl(dst, 9, 8), v)
	case bool:
		n := 0
		if v {
			n = 1
		}
		return appendControl(dst, 14, n)
	}
	panic("no such type here")
}

func appendControl(dst []byte, kind, size int) []byte {
	var more []byte
	low := size
	switch {
	case size >= 285:
		low, more = 30, []byte{byte((size - 285) >> 8), byte(size - 285)}
	case size >= 29:
		low, more = 29, []byte{byte(size - 29)}
	}
	if kind > 7 {
		dst = append(dst, byte(low), byte(kind-7))
	} else {
		dst = append(dst, byte(kind<<5|low))
	}
	return append(dst, more...)
}
