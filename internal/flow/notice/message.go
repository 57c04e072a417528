package notice

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"homing"
)

// mostItems is how many notices a message tells one by one.
const mostItems = 20

// message is what is sent: a mail's subject and text, or a webhook's body. It is
// made once, so that each try sends the same.
type message struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	Body    string `json:"body,omitempty"` // JSON
}

// hook is the body of a webhook.
type hook struct {
	ID      string        `json:"id"` // the same on every try
	At      homing.Millis `json:"-"`
	Time    string        `json:"at"`
	Event   string        `json:"event"` // notices, digest, test
	Network string        `json:"network"`
	Notices []hookNotice  `json:"notices"`
	More    int           `json:"more,omitempty"` // that are not listed
}

type hookNotice struct {
	Kind    Kind         `json:"kind"`
	Object  string       `json:"object"`
	State   phase        `json:"state"`
	Since   string       `json:"since"`
	Ended   string       `json:"ended,omitempty"`
	Account *hookAccount `json:"account,omitempty"`
	Title   string       `json:"title"`
	Text    string       `json:"text"`
	Fix     string       `json:"fix,omitempty"`
	URL     string       `json:"url,omitempty"`
}

type hookAccount struct {
	ID       homing.AccountID `json:"id"`
	PublicID string           `json:"public_id"`
	Name     string           `json:"name"`
}

// network is what the installation is called.
func (w *Watch) network() string { return nameOf(cmp.Or(w.o.View().Installation.Name, "homing")) }

// compose makes the message about items for a destination.
func (w *Watch) compose(d destination, id string, now homing.Millis, items []item) message {
	more := max(len(items)-mostItems, 0)
	items = items[:len(items)-more]
	if d.channel == byWebhook {
		return w.composeHook(id, now, items, more)
	}
	var b strings.Builder
	if items[0].phase == remains {
		b.WriteString("This has not changed for a day or longer:\n\n")
	}
	for i := range items {
		w.writeItem(&b, d, &items[i])
	}
	if more > 0 {
		fmt.Fprintf(&b, "And %d more: the panel lists all of them.\n%s\n\n", more, w.o.DeskURL()+noticesPath)
	}
	w.writeFoot(&b, d)
	return message{Subject: subjectOf(items, more), Text: b.String()}
}

// noticesPath is where the panel lists what stands, and where it is said who is
// told what.
const noticesPath = "/settings/notices"

func (i *item) title() string {
	title := clean(wordsOf(i.Detail).Title, 160)
	switch i.phase {
	case ends:
		return "Over: " + title
	case remains:
		return "Still: " + title
	}
	return title
}

// subjectOf is the first notice's title, or says how many there are.
func subjectOf(items []item, more int) string {
	switch n := len(items) + more; {
	case n == 1:
		return items[0].title()
	default:
		return fmt.Sprintf("%s, and %d more", items[0].title(), n-1)
	}
}

func (w *Watch) writeItem(b *strings.Builder, d destination, i *item) {
	words := wordsOf(i.Detail)
	b.WriteString(i.title() + "\n\n")
	if i.phase == ends {
		words.Text = w.overText(i)
	}
	for _, line := range []string{words.Text, w.sinceText(i)} {
		if line != "" {
			b.WriteString(clean(line, 2000) + "\n")
		}
	}
	if words.Fix != "" && i.phase != ends {
		b.WriteString("What to do: " + clean(words.Fix, 1000) + "\n")
	}
	if words.Path != "" {
		b.WriteString(w.link(words.Path) + "\n")
	}
	b.WriteString("\n")
}

// overText is how it ended: what the source says, or as usual.
func (w *Watch) overText(i *item) string {
	info, _ := infoOf(Kind(i.Kind))
	if i.overWords != "" {
		return i.overWords
	}
	return info.over
}

func (w *Watch) sinceText(i *item) string {
	switch i.phase {
	case ends:
		return fmt.Sprintf("It stood from %s to %s, %s.", w.clockOf(i.Since), w.clockOf(i.Ended), lengthOf(i.Ended-i.Since))
	case remains:
		return fmt.Sprintf("Since %s.", w.clockOf(i.Since))
	}
	return ""
}

// link is a page of the panel. Paths are ours; their queries are encoded.
func (w *Watch) link(path string) string {
	if _, err := url.Parse(path); err != nil {
		return w.o.DeskURL()
	}
	return w.o.DeskURL() + path
}

func (w *Watch) writeFoot(b *strings.Builder, d destination) {
	whom := "to the operators of " + w.network()
	if d.party != operatorsParty {
		if a := w.o.View().Account(homing.AccountID(d.party)); a != nil {
			whom = fmt.Sprintf("to the people of %s on %s", nameOf(a.Name), w.network())
		}
	}
	fmt.Fprintf(b, "-- \nThis went %s who asked to be told. Change that here:\n%s\n", whom, w.o.DeskURL()+noticesPath)
}

func (w *Watch) composeHook(id string, now homing.Millis, items []item, more int) message {
	h := hook{ID: id, Time: now.String(), Event: "notices", Network: w.network(), More: more, Notices: []hookNotice{}}
	if len(items) > 0 && items[0].phase == remains {
		h.Event = "digest"
	}
	for i := range items {
		h.Notices = append(h.Notices, w.hookNotice(&items[i]))
	}
	return hookMessage(&h)
}

func hookMessage(h *hook) message {
	body, err := json.Marshal(h)
	if err != nil {
		panic(fmt.Sprintf("a webhook's body: %v", err)) // it is of texts and numbers
	}
	return message{Body: string(body)}
}

func (w *Watch) hookNotice(i *item) hookNotice {
	words := wordsOf(i.Detail)
	n := hookNotice{
		Kind: Kind(i.Kind), Object: i.Object, State: i.phase, Since: i.Since.String(),
		Title: clean(words.Title, 160), Text: clean(words.Text, 2000), Fix: clean(words.Fix, 1000),
	}
	if words.Path != "" {
		n.URL = w.link(words.Path)
	}
	if i.phase == ends {
		n.Ended, n.Text, n.Fix = i.Ended.String(), w.overText(i), ""
	}
	if a := w.o.View().Account(i.Account); a != nil && i.Account != 0 {
		n.Account = &hookAccount{a.ID, a.PublicID, nameOf(a.Name)}
	}
	return n
}
