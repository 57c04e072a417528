package homing

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// sealedBy is the id that one master key makes of an origin, whatever the
// origin's time: what somebody can make who got hold of that key.
func sealedBy(t testing.TB, m MasterKey, o Origin) ClickID {
	t.Helper()
	return newKeyring(t, m).Seal(o)
}

// A master key only vouches for ids of its own time, so that one that has leaked
// is worth nothing for clicks of today.
func TestAMasterKeyOpensIDsOfItsOwnTimeOnly(t *testing.T) {
	first, second := masters[0], masters[1]
	k := newKeyring(t, masters...)
	for _, c := range []struct {
		key  MasterKey
		at   Millis
		want bool
	}{
		{first, first.From, true},
		{first, second.From - 1, true},
		{first, second.From, false},
		{first, MaxOriginTime, false},
		{second, second.From - 1, false},
		{second, second.From, true},
		{second, MaxOriginTime, true},
	} {
		o := Origin{Time: c.at, Node: 3, Seq: 9, Campaign: 7}
		got, genuine := k.Open(sealedBy(t, c.key, o))
		if genuine != c.want || genuine && got != o {
			t.Errorf("an id of %s under key %s opens as %+v, %v; want %v", c.at, c.key.ID, got, genuine, c.want)
		}
	}
}

// Before all of them the oldest key is in use.
func TestIDsFromBeforeTheFirstKeyOpen(t *testing.T) {
	late := masters[1]
	k := newKeyring(t, late)
	o := Origin{Time: late.From - 1, Campaign: 7}
	if got, genuine := k.Open(k.Seal(o)); !genuine || got != o {
		t.Errorf("%+v, %v", got, genuine)
	}
}

func TestWhatOpensIsSealedTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.SliceOfN(rapid.Int64Range(int64(Epoch), int64(Epoch)+100), 1, 5).Draw(t, "from")
		var keys []MasterKey
		for i, at := range from {
			keys = append(keys, MasterKey{ID: fmt.Sprintf("%08d", i), From: Millis(at), Secret: [32]byte{byte(i + 1)}})
		}
		k, err := NewKeyring(keys...)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := NewKeyring(rapid.SampledFrom(keys).Draw(t, "key"))
		if err != nil {
			t.Fatal(err)
		}
		o := drawOrigin(t)
		o.Time = Epoch + Millis(rapid.Int64Range(0, 110).Draw(t, "time"))
		id := alone.Seal(o)
		got, genuine := k.Open(id)
		if same := k.Seal(o) == id; genuine != same {
			t.Fatalf("opens: %v, sealed the same: %v", genuine, same)
		}
		if genuine && got != o {
			t.Fatalf("%+v opens as %+v", o, got)
		}
	})
}

// BenchmarkOpenYears opens ids under a keyring of many years, of the newest key
// and of the oldest.
func BenchmarkOpenYears(b *testing.B) {
	var keys []MasterKey
	for i := range 5 {
		keys = append(keys, MasterKey{ID: fmt.Sprintf("%08d", i), From: Epoch + Millis(i)*1000, Secret: [32]byte{byte(i)}})
	}
	k := newKeyring(b, keys...)
	for _, c := range []struct {
		name string
		at   Millis
	}{{"newest", Epoch + 4000}, {"oldest", Epoch}} {
		id := k.Seal(Origin{Time: c.at, Node: 1, Campaign: 42})
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, ok := k.Open(id); !ok {
					b.Fatal("it does not open")
				}
			}
		})
	}
}
