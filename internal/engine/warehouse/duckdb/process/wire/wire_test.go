package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// through sends a body and reads it back.
func through(t *testing.T, kind Kind, b *Body) Frame {
	t.Helper()
	var pipe bytes.Buffer
	if err := NewSender(&pipe).Send(kind, 7, b); err != nil {
		t.Fatal(err)
	}
	f, err := NewReceiver(&pipe).Receive()
	if err != nil || f.Kind != kind || f.ID != 7 {
		t.Fatal(f, err)
	}
	return f
}

func TestColumnsOfNumbersArePackedAndComeBack(t *testing.T) {
	for _, c := range []struct {
		values []int64
		width  int
	}{
		{nil, 0}, {[]int64{5, 5, 5}, 0}, {[]int64{-1, 254}, 1}, {[]int64{0, 256}, 2}, {[]int64{0, 65_536}, 4},
		{[]int64{1_790_000_000_000, 1_790_000_900_000}, 4}, {[]int64{0, math.MaxUint32 + 1}, 8},
		{[]int64{math.MinInt64, math.MaxInt64, 0, -1}, 8}, {[]int64{math.MaxInt64, math.MaxInt64 - 1}, 1},
	} {
		b := NewBody()
		b.PutInts(c.values)
		f := through(t, Append, b)
		got := f.Body.Ints(len(c.values))
		if got.Width != c.width || f.Body.Err() != nil {
			t.Errorf("%v: %d bytes each, want %d", c.values, got.Width, c.width)
		}
		for i, want := range c.values {
			if got.At(i) != want {
				t.Errorf("%v: the %d. is %d", c.values, i, got.At(i))
			}
		}
	}
}

func TestColumnsOfTextsArePackedAndComeBack(t *testing.T) {
	for width, words := range map[int][]string{
		0: {"", "", ""}, 1: {"a", "", strings.Repeat("x", 255)}, 2: {"", strings.Repeat("x", 256)}, 4: {strings.Repeat("x", 65_536), "b"},
	} {
		data, ends := []byte("before"), []uint32{}
		for _, w := range words {
			data = append(data, w...)
			ends = append(ends, uint32(len(data)))
		}
		b := NewBody()
		if !b.PutTexts(data, 6, ends) {
			t.Fatal("refused")
		}
		f := through(t, Append, b)
		got, at := f.Body.Texts(len(words)), 0
		if got.Width != width {
			t.Errorf("lengths of %d bytes, want %d", got.Width, width)
		}
		for i, want := range words {
			if n := got.Length(i); string(got.Data[at:at+n]) != want {
				t.Errorf("the %d. has %d bytes", i, n)
			} else {
				at += n
			}
		}
	}
}

func TestWhatIsNoFrameIsGarbage(t *testing.T) {
	for _, bytes := range []string{"this is no frame at all", "hW\x01\x00\x00\x00\x00\x00\xff\xff\xff\xff", "hW\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if _, err := NewReceiver(strings.NewReader(bytes)).Receive(); !errors.Is(err, ErrGarbage) {
			t.Errorf("%q: %v", bytes, err)
		}
	}
	if _, err := NewReceiver(strings.NewReader("hW\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00")).Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("a frame that is cut: %v", err)
	}
	if err := NewSender(io.Discard).Send(Append, 1, &Body{raw: make([]byte, MaxFrame+headLen+1)}); !errors.Is(err, ErrLong) {
		t.Errorf("a frame that is long: %v", err)
	}
}

// A body can be anything: reading it must end, in an error or in values, and
// take no more memory than it is long.
func FuzzBodies(f *testing.F) {
	b := NewBody()
	(&AppendHead{Table: "t", Rows: 2, Columns: 1}).Put(b)
	b.PutInts([]int64{1, 1000})
	b.PutTexts([]byte("abc"), 0, []uint32{1, 3})
	b.PutMask([]uint64{2}, 2)
	_ = b.PutArgs([]any{nil, int64(1), "x", []byte("y"), true})
	f.Add(b.raw[headLen:])
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := Reader{rest: raw}
		head := r.AppendHead()
		ints, texts, mask := r.Ints(head.Rows), r.Texts(head.Rows), r.Mask(head.Rows)
		r.Args()
		if r.Err() != nil {
			return
		}
		at := 0
		for i := range head.Rows {
			ints.At(i)
			mask.At(i)
			at += texts.Length(i)
		}
		if at != len(texts.Data) {
			t.Error("the lengths do not add up")
		}
	})
}
