package notice

import (
	"slices"

	"homing"
)

// party is somebody who is told: the operators (0), or an account's people.
type party homing.AccountID

const operatorsParty party = 0

// Channel is how somebody is told.
type channel string

const (
	byMail    channel = "mail"
	byWebhook channel = "webhook"
)

// destination is where a message goes.
type destination struct {
	party   party
	channel channel
	to      string // the address of a mail; "" of webhooks, which follow the settings
}

// wishes are what a party wants to be told, and how; nothing of an account that
// is gone.
func (w *Watch) wishes(p party) homing.Notices {
	view := w.o.View()
	if p == operatorsParty {
		return view.Installation.Notices
	}
	if a := view.Account(homing.AccountID(p)); a != nil && !a.Erased {
		return a.Notices
	}
	return homing.Notices{}
}

// destinations are where a party is reached now.
func (w *Watch) destinations(p party) (list []destination) {
	wishes := w.wishes(p)
	if w.o.View().Installation.Mail.Host != "" {
		for _, to := range wishes.Emails {
			list = append(list, destination{p, byMail, to})
		}
	}
	if wishes.Webhook != "" {
		list = append(list, destination{p, byWebhook, ""})
	}
	return list
}

// concerns tells whether a party is told of a notice.
func concerns(p party, kind Kind, account homing.AccountID) bool {
	info, known := infoOf(kind)
	return known && (p == operatorsParty || info.Advertisers && account == homing.AccountID(p))
}

func off(wishes *homing.Notices, kind Kind) bool { return slices.Contains(wishes.Off, string(kind)) }
