package rulebook

import (
	"slices"

	"homing"
	"homing/internal/engine/ledger"
)

// Detach copies the edits, because the writer may be at work on them after the
// caller has given up. adopt writes the numbers of new things back.
func Detach(edits []ledger.Edit) (own []ledger.Edit, adopt func(numbers []int64)) {
	own = make([]ledger.Edit, len(edits))
	copies := map[*homing.Account]*homing.Account{nil: nil}
	copyOf := func(a *homing.Account) *homing.Account {
		if _, ok := copies[a]; !ok {
			c := *a
			c.Senders, c.Notices = slices.Clone(c.Senders), cloneNotices(c.Notices)
			copies[a] = &c
		}
		return copies[a]
	}
	for i, e := range edits {
		switch e := e.(type) {
		case ledger.PutAccount:
			own[i] = ledger.PutAccount{Account: copyOf(e.Account)}
		case ledger.PutKey:
			k := *e.Key
			k.Sealed = slices.Clone(k.Sealed)
			own[i] = ledger.PutKey{Key: &k, Owner: copyOf(e.Owner)}
		case ledger.PutCampaign:
			c := *e.Campaign
			c.Goals = slices.Clone(c.Goals)
			own[i] = ledger.PutCampaign{Campaign: &c, Owner: copyOf(e.Owner)}
		case ledger.PutInstallation:
			e.Installation.Notices = cloneNotices(e.Installation.Notices)
			e.Installation.Mail.Password = slices.Clone(e.Installation.Mail.Password)
			own[i] = e
		default:
			own[i] = e
		}
	}
	return own, func(numbers []int64) {
		for i, e := range edits {
			switch e := e.(type) {
			case ledger.PutAccount:
				e.Account.ID = homing.AccountID(numbers[i])
			case ledger.PutKey:
				e.Key.ID = homing.KeyID(numbers[i])
				if e.Owner != nil {
					e.Key.Account = e.Owner.ID
				}
			case ledger.PutCampaign:
				e.Campaign.ID = homing.CampaignID(numbers[i])
				if e.Owner != nil {
					e.Campaign.Account = e.Owner.ID
				}
			}
		}
	}
}

func cloneNotices(n homing.Notices) homing.Notices {
	n.Emails, n.WebhookKey, n.Off = slices.Clone(n.Emails), slices.Clone(n.WebhookKey), slices.Clone(n.Off)
	return n
}

// Numbering remembers which accounts were numbered by earlier edits of the same
// Apply: beside the edits, not in them, for an Apply may be carried out again.
type Numbering map[*homing.Account]homing.AccountID

// OwnerOf is the account that a key or campaign belongs to: its owner's number if
// an owner is given, else the one it carries.
func (n Numbering) OwnerOf(owner *homing.Account, present homing.AccountID) homing.AccountID {
	if owner == nil {
		return present
	}
	if id, ok := n[owner]; ok {
		return id
	}
	return owner.ID
}
