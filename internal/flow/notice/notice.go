// Package notice watches the installation and tells people, by e-mail and
// webhook, when something goes wrong and when it is over.
//
//	sources ──► Look: what is wrong now ──► notices (begun, standing, over)
//	                                            │ once when it begins, once when over,
//	                                            │ a digest of what stands at most daily
//	                                            ▼
//	                        one message per party and moment ──► outbox ──► Deliver
//	                                                                        mail, webhook
//
// What it promises:
//
//   - It runs beside the doors and shares nothing with them that they wait for.
//   - Nothing is told twice over a restart: what was handed to the outbox is in
//     the ledger with the notices it is about. If the ledger takes nothing, people
//     are told nevertheless. A message is sent again only if the process ends
//     between the other side's yes and our noting it; its id is the same then.
//   - What comes and goes is damped: a trouble is over only after it has been away
//     for a while, for longer if it was there before in the last day.
//   - A message that cannot be sent is tried again for a day, and stands on the
//     system page meanwhile and for a week after.
//   - Messages are plain text, without secrets. Nothing that a stranger named
//     reaches a header or a line of its own.
//
// Operators are told of everything; an advertiser of what is its own: silence,
// refusals, keys.
package notice

import (
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// Kind is what a notice is about. Kinds stand in homing.Notices.Off.
type Kind string

const (
	Silence     Kind = "silence"
	Refusals    Kind = "refusals"
	KeyEnds     Kind = "key_ends"
	KeyExposed  Kind = "key_exposed"
	Disk        Kind = "disk"
	Lag         Kind = "lag"
	Certificate Kind = "certificate"
	Warehouse   Kind = "warehouse"
	Storage     Kind = "storage"
)

// Rows of the ledger's list that are no notices: messages on their way, and when
// a digest was last made.
const (
	deliveryRow = "delivery"
	digestRow   = "digest"
)

// KindInfo explains a kind.
type KindInfo struct {
	Kind  Kind
	Title string
	Means string // when somebody is told
	// Advertisers are told of their own.
	Advertisers bool
	over        string // in words, when it is over
	// settle is how long it must have stood before anybody is told, calm how long
	// it must have been away before it is over.
	settle, calm time.Duration
}

// Kinds lists them, the advertisers' first.
func Kinds() []KindInfo { return kinds }

var kinds = []KindInfo{
	{Silence, "Silence", "An advertiser or a campaign that usually has conversions has none for the time in which about eight are usual.", true,
		"Conversions come in again, or the campaign was paused.", 0, 0},
	{Refusals, "Refused calls", "More than 20 % of an advertiser's calls in the last hour were refused, and at least 20 of them came. With the most common cause and what to do.", true,
		"Calls are taken again, or none come any more.", 0, 30 * time.Minute},
	{KeyEnds, "A key that is in use ends", "Seven days, and one day, before a key ends that was used in the last week.", true,
		"The key is no longer about to end.", 0, 0},
	{KeyExposed, "A key went over plain http", "Others can read a key on its way when a call carries it without https.", true,
		"For a day nobody has sent it over plain http. If it was not rotated since, it is still known to whoever read it.", 0, 24 * time.Hour},
	{Disk, "Disk", "Less than a tenth, or less than 2 GiB, is left where the data is kept. With a forecast.", false,
		"There is room again.", 0, 10 * time.Minute},
	{Lag, "Reports are behind", "Reports are more than five minutes behind what happens.", false,
		"Reports have caught up.", 0, 5 * time.Minute},
	{Certificate, "A certificate ends", "Fourteen days, and three days, before a certificate ends that was not made by homing itself.", false,
		"It was renewed, or is no longer in use.", 0, 0},
	{Warehouse, "Warehouse", "What answers reports is out of order for more than two minutes. Clicks and postbacks go on.", false,
		"It answers again.", 2 * time.Minute, 5 * time.Minute},
	{Storage, "Storage", "Something stored is damaged, or nothing can be stored.", false,
		"It is no longer found.", time.Minute, time.Hour},
}

// infoOf explains a kind; of one that is not known any more, nothing.
func infoOf(k Kind) (KindInfo, bool) {
	for _, info := range kinds {
		if info.Kind == k {
			return info, true
		}
	}
	return KindInfo{}, false
}

// Words are what people read of a trouble.
type Words struct {
	Title string // one line: "No conversions from Northwind"
	Text  string // what happened, and why as far as is known
	Fix   string // what to do
	Path  string // where in the panel
}

// Trouble is something that is wrong now.
type Trouble struct {
	Kind   Kind
	Object string // "account 3": tells troubles of a kind apart
	// Account is whose it is; 0 = the operators'.
	Account homing.AccountID
	Words
}

// key tells troubles apart.
type key struct{ kind, object string }

func (t *Trouble) key() key { return key{string(t.Kind), t.Object} }

// detail is how words are kept: a line each.
func (w Words) detail() string {
	return strings.Join([]string{w.Title, w.Text, w.Fix, w.Path}, "\n")
}

func wordsOf(detail string) (w Words) {
	lines := strings.SplitN(detail, "\n", 4)
	for i, field := range []*string{&w.Title, &w.Text, &w.Fix, &w.Path} {
		if i < len(lines) {
			*field = lines[i]
		}
	}
	return w
}

// Notice is one as it is shown.
type Notice struct {
	ledger.Notice
	Info KindInfo
	Words
}

func shown(n ledger.Notice) Notice {
	info, _ := infoOf(Kind(n.Kind))
	return Notice{n, info, wordsOf(n.Detail)}
}
