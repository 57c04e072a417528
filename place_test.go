package homing

import "testing"

func TestPlaces(t *testing.T) {
	ring := func(masters ...MasterKey) *Keyring {
		k, err := NewKeyring(masters...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	old := MasterKey{ID: "00000001", Secret: [32]byte{1}}
	next := MasterKey{ID: "00000002", From: 1000, Secret: [32]byte{2}}
	before, after := ring(old), ring(old, next)
	for _, number := range []int64{0, 1, 77, 1 << 40, 1<<63 - 1} {
		text := before.SealPlace(5, 17, number)
		if got, ok := after.OpenPlace(17, text); !ok || got != number {
			t.Errorf("%d under an older key: %d, %t", number, got, ok)
		}
		if got, ok := before.OpenPlace(18, text); ok {
			t.Errorf("%d of another account: %d", number, got)
		}
		if before.SealPlace(5, 17, number) == text {
			t.Errorf("%d has the same text twice", number)
		}
		// A key that begins later is not used before: other nodes may not have it.
		if got, ok := before.OpenPlace(17, after.SealPlace(999, 17, number)); !ok || got != number {
			t.Errorf("%d under a key that has not begun: %d, %t", number, got, ok)
		}
		if _, ok := before.OpenPlace(17, after.SealPlace(1000, 17, number)); ok {
			t.Errorf("%d: the newer key is not used", number)
		}
	}
	for _, text := range []string{"", "0", "7", "now", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA="} {
		if number, ok := before.OpenPlace(17, text); ok {
			t.Errorf("%q: %d", text, number)
		}
	}
}
