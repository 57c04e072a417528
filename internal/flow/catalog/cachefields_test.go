package catalog

import (
	"encoding"
	"net/netip"
	"reflect"
	"testing"

	"homing"
	"homing/internal/engine/ledger"
)

// TestTheCacheKeepsEveryField fills every field of a snapshot, in whichever depth,
// with something that is not zero, and wants it back: a field that is added and does
// not come through the cache fails it.
func TestTheCacheKeepsEveryField(t *testing.T) {
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	var want ledger.Snapshot
	n := 0
	fillAll(t, reflect.ValueOf(&want).Elem(), "Snapshot", &n)
	if n < 60 {
		t.Fatalf("only %d fields were filled", n)
	}
	text, err := encodeCache(&want, 4711, ring)
	if err != nil {
		t.Fatal(err)
	}
	got, readAt, err := decodeCache(text, ring)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, &want) || readAt != 4711 {
		t.Errorf("came back at %d as\n%+v, want\n%+v", readAt, got, want)
	}
	// And the least there can be.
	text, err = encodeCache(&ledger.Snapshot{}, 1, ring)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err = decodeCache(text, ring); err != nil || !reflect.DeepEqual(got, &ledger.Snapshot{}) {
		t.Errorf("nothing came back as %+v, %v", got, err)
	}
}

// fillAll sets everything below v to something that is not zero, and counts it.
func fillAll(t *testing.T, v reflect.Value, path string, n *int) {
	if v.Type() == reflect.TypeFor[netip.Prefix]() {
		v.Set(reflect.ValueOf(netip.MustParsePrefix("203.0.113.0/24")))
		*n++
		return
	}
	if _, itself := v.Addr().Interface().(encoding.BinaryUnmarshaler); itself {
		t.Fatalf("%s writes itself, in a way that this test does not know: give it a value here", path)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				t.Fatalf("%s.%s is not exported, so the cache would lose it", path, f.Name)
			}
			fillAll(t, v.Field(i), path+"."+f.Name, n)
		}
		return
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillAll(t, v.Index(i), path+"[]", n)
		}
		return
	case reflect.Array:
		for i := range v.Len() {
			fillAll(t, v.Index(i), path+"[]", n)
		}
		return
	}
	*n++
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.String:
		v.SetString(path)
	case v.CanInt():
		v.SetInt(int64(*n%100 + 1))
	case v.CanUint():
		v.SetUint(uint64(*n%100 + 1))
	default:
		t.Fatalf("%s is a %s, of which nobody knows how it comes through the cache: pointers lose zeros in gob", path, v.Kind())
	}
}
