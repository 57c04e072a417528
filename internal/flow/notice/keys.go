package notice

import (
	"context"
	"fmt"
	"strings"

	"homing"
	"homing/internal/engine/ledger"
)

const (
	// keySoon and keyLast are how long before its end a key is told of.
	keySoon homing.Millis = 7 * day
	keyLast homing.Millis = day
	// keyUsed is how recently a key must have been used to be missed.
	keyUsed homing.Millis = 7 * day
	// lastCall marks what is told a second time, shortly before.
	lastCall = ", last call"
)

func (w *Watch) keyEnds() *source {
	if w.o.KeyUses == nil {
		return nil
	}
	return &source{name: "keys that end", kinds: []Kind{KeyEnds}, every: 10 * 60 * 1000, look: w.lookForEndingKeys, over: w.howKeyEnded}
}

func (w *Watch) lookForEndingKeys(ctx context.Context, now homing.Millis, _ []ledger.Notice) (list []Trouble, err error) {
	uses, err := w.o.KeyUses(ctx)
	if err != nil {
		return nil, fmt.Errorf("couldn't read how keys were used: %w", err)
	}
	for _, k := range w.o.View().Keys {
		left, use := k.Expires-now, uses[k.ID]
		owner := w.watched(k.Account)
		if owner == nil || k.Expires == 0 || k.State(now) != homing.KeyActive || left > keySoon || use.Last == 0 || now-use.Last > keyUsed {
			continue
		}
		t := w.endingKey(k, owner, &use, now)
		list = append(list, t)
		if left <= keyLast {
			t.Object += lastCall
			list = append(list, t)
		}
	}
	return list, nil
}

// watched is an account that somebody is told about.
func (w *Watch) watched(id homing.AccountID) *homing.Account {
	a := w.o.View().Account(id)
	if a == nil || a.Erased || a.Demo {
		return nil
	}
	return a
}

func keyObject(k *homing.Key) string { return "key " + k.ID.String() }

// calledKey is how people know a key; it says nothing of its text.
func calledKey(k *homing.Key, owner *homing.Account) string {
	if k.Name == "" {
		return fmt.Sprintf("the key no. %s of %s", k.ID, nameOf(owner.Name))
	}
	return fmt.Sprintf("the key “%s” of %s", nameOf(k.Name), nameOf(owner.Name))
}

func (w *Watch) endingKey(k *homing.Key, owner *homing.Account, use *ledger.KeyUse, now homing.Millis) Trouble {
	t := Trouble{Kind: KeyEnds, Object: keyObject(k), Account: k.Account}
	called := calledKey(k, owner)
	t.Title = fmt.Sprintf("%s ends at %s, and is in use", capital(called), w.clockOf(k.Expires))
	t.Text = fmt.Sprintf("It ends in %s. It was last used %s ago", lengthOf(k.Expires-now), lengthOf(max(now-use.Last, 0)))
	if use.Addr != "" {
		t.Text += " from the network of " + clean(use.Addr, 60)
	}
	t.Text += ". From its end on, calls that carry it are refused."
	t.Fix = "Put the newer key into what sends with this one; the tracking page shows it."
	t.Path = "/advertisers/" + k.Account.String() + "/tracking"
	return t
}

func (w *Watch) howKeyEnded(n ledger.Notice) string {
	object, _, _ := strings.Cut(n.Object, lastCall)
	id, _ := numberIn(object, "key")
	k := w.o.View().Key(homing.KeyID(id))
	switch now := w.now(); {
	case k == nil:
		return ""
	case k.State(now) == homing.KeyRevoked:
		return "The key was revoked: calls that carry it are refused."
	case k.State(now) == homing.KeyExpired:
		return "The key has ended: calls that carry it are refused from now on."
	case k.Expires == 0 || k.Expires-now > keySoon:
		return "The key ends later now."
	}
	return "Nobody has used the key for a week."
}

// keyExposed tells of uses over plain http: each adds to a count that is kept
// with the key, so it is that count growing between two looks which is news. The
// first look after a start sees no growth.
func (w *Watch) keyExposed() *source {
	if w.o.KeyUses == nil {
		return nil
	}
	known := map[homing.KeyID]int64{}
	first := true
	look := func(ctx context.Context, now homing.Millis, _ []ledger.Notice) (list []Trouble, err error) {
		uses, err := w.o.KeyUses(ctx)
		if err != nil {
			return nil, fmt.Errorf("couldn't read how keys were used: %w", err)
		}
		for _, k := range w.o.View().Keys {
			count := uses[k.ID].OverHTTP
			grown := count > known[k.ID] && !first
			known[k.ID] = count
			if owner := w.watched(k.Account); grown && owner != nil && k.State(now) == homing.KeyActive {
				list = append(list, exposedKey(k, owner, count))
			}
		}
		first = false
		return list, nil
	}
	return &source{name: "exposed keys", kinds: []Kind{KeyExposed}, look: look}
}

func exposedKey(k *homing.Key, owner *homing.Account, count int64) Trouble {
	t := Trouble{Kind: KeyExposed, Object: keyObject(k), Account: k.Account}
	t.Title = capital(calledKey(k, owner)) + " went over plain http"
	t.Text = fmt.Sprintf("Calls have carried it without https, %s so far. Whoever sees one on its way can read the key and send conversions with it.", times(count))
	t.Fix = "Write https:// in the postback URL first, then rotate the key on the tracking page."
	t.Path = "/advertisers/" + k.Account.String() + "/tracking"
	return t
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return grouped(n) + " times"
}
