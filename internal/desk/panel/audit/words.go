package audit

import (
	"regexp"
	"slices"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/engine/ledger"
)

// actions say what was done, by the ledger's names. Operator's ones are never
// about an account.
var actions = []struct {
	name, words string
	operators   bool
}{
	{name: "account", words: "Advertisers"},
	{name: "account.create", words: "created the advertiser"},
	{name: "account.update", words: "changed the advertiser"},
	{name: "account.erase", words: "erased the advertiser"},
	{name: "account.view", words: "began to look at the panel as the advertiser"},
	{name: "campaign", words: "Campaigns"},
	{name: "campaign.create", words: "created the campaign"},
	{name: "campaign.update", words: "changed the campaign"},
	{name: "key", words: "Keys"},
	{name: "key.create", words: "made the key"},
	{name: "key.update", words: "changed the key"},
	{name: "key.revoke", words: "revoked the key"},
	{name: "key.reveal", words: "was shown the key"},
	{name: "user", words: "Users"},
	{name: "user.create", words: "created the user"},
	{name: "user.update", words: "changed the user"},
	{name: "token", words: "API tokens"},
	{name: "token.create", words: "made the API token"},
	{name: "token.update", words: "changed the API token"},
	{name: "token.revoke", words: "revoked the API token"},
	{name: "click", words: "Clicks"},
	{name: "click.erase", words: "erased the click"},
	{name: "installation", words: "The installation", operators: true},
	{name: "installation.update", words: "changed the installation's settings", operators: true},
	{name: "backup", words: "Backups", operators: true},
	{name: "backup.make", words: "made a backup of", operators: true},
	{name: "backup.restore", words: "restored a backup of", operators: true},
	{name: "records", words: "Losses", operators: true},
	{name: "records.lost", words: "found acknowledged records lost in the", operators: true},
	{name: "records.seen", words: "acknowledged the", operators: true},
	{name: "masterkey", words: "Master keys", operators: true},
	{name: "masterkey.renew", words: "made a new master key, as it does every year", operators: true},
	{name: "masterkey.rotate", words: "made a new master key", operators: true},
}

// wordsFor says an action in words; one that this page does not know yet as it
// is.
func wordsFor(action string) string {
	for _, a := range actions {
		if a.name == action {
			return a.words
		}
	}
	return strings.ReplaceAll(action, ".", " ")
}

// chooseActions lists the kinds of action that can be asked for. One that is
// asked for by URL alone stands in the list as well.
func chooseActions(asked string, operator bool) (list []choice) {
	for _, a := range actions {
		if strings.Contains(a.name, ".") || a.operators && !operator {
			continue
		}
		list = append(list, choice{a.name, a.words})
	}
	if asked != "" && !slices.ContainsFunc(list, func(c choice) bool { return c.Value == asked }) {
		list = append(list, choice{asked, wordsFor(asked)})
	}
	return list
}

func (r *reading) row(e *ledger.AuditEntry) row {
	told := row{Number: e.Number, At: e.At, Who: r.actors.Name(e.Actor), What: wordsFor(e.Action), Object: e.Object, Detail: e.Detail}
	told.Detail = r.shown(e.Detail)
	kind, number, _ := strings.Cut(e.Object, " ")
	if kind == "installation" {
		told.Object = "" // the words have named it
	}
	for _, of := range []string{"master key", kind} { // not: changed the user user 3
		if rest, ok := strings.CutPrefix(e.Object, of+" "); ok && strings.HasSuffix(told.What, of) {
			told.Object = rest
			break
		}
	}
	id, err := page.Number(number)
	if err != nil {
		return told
	}
	switch kind {
	case "account":
		if a := r.View.Account(homing.AccountID(id)); a != nil && !a.Erased {
			told.Object = a.Name
			if r.Who.Operator() {
				told.Path = page.AdvertiserPath(a.ID)
			}
		}
	case "campaign":
		if c := r.View.Campaign(homing.CampaignID(id)); c != nil && !c.Owner.Erased && r.Who.MaySee(c.Account) {
			told.Object, told.Path = c.Name, page.CampaignPath(c.ID)
		}
	case "user":
		if email := r.emails[homing.UserID(id)]; email != "" {
			told.Object = email
		}
	case "key":
		if k := r.View.Key(homing.KeyID(id)); k != nil && k.Name != "" && r.Who.MaySee(k.Account) {
			told.Object = number + ", " + k.Name
		}
	}
	return told
}

// Names of the fields of a detail, which is a list such as: name "a" → "b"; ref
// "crm-7".
var (
	// references are the operator's own numbers, and nobody else's business.
	references = []string{"ref "}
	// amounts are left out for who may see none.
	amounts = []string{"price_min ", "price_max ", "default value "}
)

// shown is a detail as the reader may see it.
func (r *reading) shown(detail string) string {
	var kept []string
	for _, part := range parts(detail) {
		if !r.Who.Operator() && begins(part, references) || r.Who.HideMoney && begins(part, amounts) {
			continue
		}
		kept = append(kept, withoutSecrets(part))
	}
	return strings.Join(kept, "; ")
}

func begins(part string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(part, name) })
}

var (
	webhook  = regexp.MustCompile(`https?://[^\s,"\\]+`)
	mailUser = regexp.MustCompile(` as \\"[^"]*"`)
)

// withoutSecrets takes out what entries of earlier versions tell: URLs of webhooks
// as a whole, and users of mail servers.
func withoutSecrets(part string) string {
	switch {
	case strings.HasPrefix(part, "notices "):
		return webhook.ReplaceAllStringFunc(part, homing.WebhookHost)
	case strings.HasPrefix(part, "mail "):
		return mailUser.ReplaceAllString(part, ", with a user,")
	}
	return part
}

// parts takes a detail apart at semicolons outside of quotation marks.
func parts(detail string) (list []string) {
	quoted, start := false, 0
	for i := 0; i < len(detail); i++ {
		switch {
		case detail[i] == '\\' && quoted:
			i++
		case detail[i] == '"':
			quoted = !quoted
		case detail[i] == ';' && !quoted:
			list = append(list, strings.TrimSpace(detail[start:i]))
			start = i + 1
		}
	}
	return append(list, strings.TrimSpace(detail[min(start, len(detail)):]))
}
