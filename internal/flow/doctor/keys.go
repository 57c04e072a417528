package doctor

import (
	"fmt"

	"homing"
	"homing/internal/engine/ledger"
)

// keySample is how many of the newest postbacks are looked at.
const keySample = 200

// masterKeys looks whether the keys are those of this house: the click ids that
// came home must come out the same again.
func (e *examination) masterKeys() error {
	if e.Keyring == nil {
		return nil
	}
	looked, wrong, ring := 0, 0, e.Keyring()
	var first homing.ConversionID
	for p, err := range e.Ledger.Receipts(e.ctx, ledger.ReceiptQuery{Newest: true, Limit: keySample}) {
		if err != nil {
			return e.unlessDamaged("read the newest postbacks", err)
		}
		if p.Click == (homing.ClickID{}) {
			continue
		}
		looked++
		if ring.Seal(p.Origin) != p.Click {
			wrong++
			first = p.Conversion
		}
	}
	if wrong > 0 {
		e.Found(Finding{
			Kind: "keys.foreign", Severity: Damage, Where: "master-keys.json",
			What:  fmt.Sprintf("Of the newest %d click ids that came home, %d cannot have been made under these keys; that of conversion %d is one.", looked, wrong, first),
			Means: "The click ids of all visitors who are on their way are refused as invalid: their conversions are not counted, and are lost money.",
			Do:    "These are not the master keys of this house. Bring those of the newest backup back (homing restore), at once.",
		})
	}
	e.Looked("master keys: %d click ids that came home were made again", looked)
	return nil
}

// MasterKeys are what is known of the file of master keys.
type MasterKeys struct {
	Keys []homing.MasterKey // oldest first
	// Age is how old a key may become before the next is made.
	Age homing.Millis
	// Serving, if there is a server, is what it works with.
	Serving *homing.Keyring
	// Waits is why the next one is not made yet even if it is due; empty if it is.
	Waits string
}

// renewalGrace is how long after its time a renewal may be due.
const renewalGrace homing.Millis = 26 * 60 * 60 * 1000

// Look looks at the keys in the file.
func (m MasterKeys) Look(now homing.Millis) (r Report) {
	const where = "master-keys.json"
	newest := m.Keys[len(m.Keys)-1]
	r.Looked("master keys: %d, all can be read; the newest, %s, is in use from %s, the next is made on %s",
		len(m.Keys), newest.ID, newest.From, newest.From+m.Age)
	overdue := m.Serving != nil && now > newest.From+m.Age+renewalGrace
	if overdue && m.Waits != "" {
		r.Looked("master keys: the next one is due, and waits: %s", m.Waits)
	}
	if overdue && m.Waits == "" {
		r.Found(Finding{
			Kind: "keys.overdue", Severity: Warning, Where: where,
			What:  fmt.Sprintf("The next master key was due on %s and was not made.", newest.From+m.Age),
			Means: "Nothing yet: ids go on being made and verified under the present key.",
			Do:    "Look for \"master keys\" in the log: the file may not be writable. homing masterkey rotate makes one now.",
		})
	}
	ids := map[string]bool{}
	for _, k := range m.Keys {
		if ids[k.ID] {
			r.Found(Finding{
				Kind: "keys.twice", Severity: Warning, Where: where, What: fmt.Sprintf("Two keys have the name %s.", k.ID),
				Means: "What is sealed under the one may be looked for under the other: the panel may not show some advertiser's key.",
				Do:    "The file was changed by hand. Bring it back from a backup (homing restore).",
			})
		}
		ids[k.ID] = true
	}
	if m.Serving != nil && !m.serves() {
		r.Found(Finding{
			Kind: "keys.changed", Severity: Damage, Where: where,
			What:  "The file does not hold the keys that the running server works with.",
			Means: "After the next start the click ids of all visitors who are on their way would be refused: their conversions would not be counted.",
			Do:    "Bring the file back from the newest backup before homing is started again.",
		})
	}
	return r
}

// serves tells whether the file makes the same ids as the server.
func (m MasterKeys) serves() bool {
	ring, err := homing.NewKeyring(m.Keys...)
	if err != nil {
		return false
	}
	for _, k := range m.Keys {
		o := homing.Origin{Time: max(k.From, homing.Epoch), Node: 1, Campaign: 1}
		if ring.Seal(o) != m.Serving.Seal(o) {
			return false
		}
	}
	return true
}
