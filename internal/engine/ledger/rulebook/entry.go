package rulebook

import (
	"fmt"

	"homing"
)

// Entry is what an edit leaves in the audit log; none if Action is empty.
type Entry struct {
	Action  string // "account.create"
	Object  string // "account 3"
	Detail  string
	Account homing.AccountID // whom it is about; 0 = nobody
}

// put is the audit entry of a thing that was written; none if nothing changed.
func put(thing string, fresh bool, id int64, detail string, account homing.AccountID) Entry {
	if !fresh && detail == "" {
		return Entry{}
	}
	action := thing + ".update"
	if fresh {
		action = thing + ".create"
	}
	return Entry{action, fmt.Sprintf("%s %d", thing, id), detail, account}
}

// AccountEntry tells what became of an account; was is the zero value of a new one.
func AccountEntry(was, a *homing.Account, id int64) Entry {
	detail := differences(
		fieldOf("name", was.Name, a.Name), fieldOf("ref", was.Ref, a.Ref), fieldOf("public id", was.PublicID, a.PublicID),
		fieldOf("multi_lead", was.MultiLead, a.MultiLead), fieldOf("price_min", was.PriceMin, a.PriceMin),
		fieldOf("price_max", was.PriceMax, a.PriceMax), fieldOf("currency", was.Currency, a.Currency),
		listOf("senders", was.Senders, a.Senders), fieldOf("demo", was.Demo, a.Demo), noticesOf(was.Notices, a.Notices))
	return put("account", was.ID == 0, id, detail, homing.AccountID(id))
}

// KeyEntry tells what became of a key.
func KeyEntry(was, k *homing.Key, id int64) Entry {
	secret := field{name: "secret"}
	if was.ID != 0 && was.Hash != k.Hash {
		secret.after = "replaced"
	}
	detail := differences(fieldOf("name", was.Name, k.Name), secret,
		field{"expires", moment(was.Expires), moment(k.Expires)}, field{"revoked", moment(was.Revoked), moment(k.Revoked)})
	e := put("key", was.ID == 0, id, detail, k.Account)
	if was.ID != 0 && was.Revoked == 0 && k.Revoked != 0 {
		e.Action = "key.revoke"
	}
	return e
}

// CampaignEntry tells what became of a campaign.
func CampaignEntry(was, c *homing.Campaign, id int64) Entry {
	return put("campaign", was.ID == 0, id, campaignDifferences(was, c), c.Account)
}

func campaignDifferences(was, c *homing.Campaign) string {
	if was.ID == 0 {
		return differences(field{"name", "", c.Name}, field{"ref", "", c.Ref}, field{"url", "", c.URL})
	}
	return differences(
		fieldOf("name", was.Name, c.Name), fieldOf("ref", was.Ref, c.Ref), fieldOf("slug", was.Slug, c.Slug),
		fieldOf("url", was.URL, c.URL), fieldOf("status", was.Status, c.Status), fieldOf("window", was.Window, c.Window),
		fieldOf("default value", was.DefaultValue, c.DefaultValue), fieldOf("hold", was.Hold, c.Hold),
		fieldOf("goals", was.Goals, c.Goals))
}

// UserEntry tells what became of a user.
func UserEntry(was, u *homing.User, id int64) Entry {
	return put("user", was.ID == 0, id, userDifferences(was, u), u.Account)
}

func userDifferences(was, u *homing.User) string {
	password := field{name: "password"}
	if was.Password != u.Password {
		password.after = "replaced"
	}
	role := fieldOf("role", was.Role, u.Role)
	if was.ID == 0 {
		role.before = ""
	}
	level, second := fieldOf("level", was.Level, u.Level), field{name: "second factor"}
	if was.ID == 0 {
		level.before = ""
	}
	switch {
	case len(was.TOTP) == 0 && len(u.TOTP) > 0:
		second.after = "set up"
	case len(was.TOTP) > 0 && len(u.TOTP) == 0:
		second.before, second.after = "set up", "removed"
	}
	return differences(fieldOf("e-mail", was.Email, u.Email), role, fieldOf("account", was.Account, u.Account), level,
		fieldOf("amounts hidden", was.HideMoney, u.HideMoney), password, second,
		fieldOf("recovery codes", len(was.Recovery), len(u.Recovery)), fieldOf("disabled", was.Disabled, u.Disabled))
}

// TokenEntry tells what became of an API token.
func TokenEntry(was, t *homing.Token, id int64) Entry {
	secret := field{name: "secret"}
	if was.ID != 0 && was.Hash != t.Hash {
		secret.after = "replaced"
	}
	detail := differences(fieldOf("name", was.Name, t.Name), fieldOf("scopes", was.Scopes, t.Scopes), secret,
		field{"expires", moment(was.Expires), moment(t.Expires)}, field{"revoked", moment(was.Revoked), moment(t.Revoked)})
	e := put("token", was.ID == 0, id, detail, t.Account)
	if was.ID != 0 && was.Revoked == 0 && t.Revoked != 0 {
		e.Action = "token.revoke"
	}
	return e
}

// InstallationEntry tells what became of what is settled for the whole.
func InstallationEntry(was, i *homing.Installation) Entry {
	password := field{name: "mail password"}
	if string(was.Mail.Password) != string(i.Mail.Password) {
		password.after = "replaced"
	}
	detail := differences(fieldOf("name", was.Name, i.Name), fieldOf("public URL", was.PublicURL, i.PublicURL),
		fieldOf("panel URL", was.DeskURL, i.DeskURL),
		fieldOf("time zone", was.Zone, i.Zone), fieldOf("currency", was.Currency, i.Currency),
		mailOf(was.Mail, i.Mail), password, noticesOf(was.Notices, i.Notices))
	if detail == "" {
		return Entry{}
	}
	return Entry{Action: "installation.update", Object: "installation", Detail: detail}
}
