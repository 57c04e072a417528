package reports

import (
	"strings"

	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// word is a dimension or a figure in plain words.
type word struct {
	Name, Title, Meaning string
	On                   bool // chosen
}

// group is words that belong together.
type group struct {
	Title string
	Words []word
}

// dimensionGroups are the dimensions as the pickers list them.
var dimensionGroups = []struct {
	title string
	names string
}{
	{"Time", "day hour week month hour_of_day weekday"},
	{"Whose", "account campaign goal"},
	{"Traffic source", "source site creative adspot referrer"},
	{"Visitor", "country region city language device os browser isp carrier"},
	{"Sub ids", "sub1 sub2 sub3 sub4 sub5 sub6 sub7 sub8 sub9 sub10"},
	{"Postbacks", "reason"},
}

var dimensionWords = map[string][2]string{
	"day":         {"Day", "The date, in the report's time zone."},
	"hour":        {"Hour", "Each hour of each day."},
	"week":        {"Week", "Weeks begin on Monday."},
	"month":       {"Month", "Months of the calendar."},
	"hour_of_day": {"Hour of day", "All days together, by the hour from 0 to 23: when people buy."},
	"weekday":     {"Weekday", "All weeks together, by the day from Monday to Sunday."},
	"account":     {"Advertiser", "Whose campaign it is."},
	"campaign":    {"Campaign", "The campaign that the click came over."},
	"goal":        {"Goal", "The kind of conversion that goalid names. Clicks have none."},
	"source":      {"Source", "The traffic source, as the click URL's source parameter says."},
	"site":        {"Site", "Where the ad stood: site_id of the click URL."},
	"creative":    {"Creative", "Which ad it was: creative_id of the click URL."},
	"adspot":      {"Ad spot", "The place on the site: adspot_id of the click URL."},
	"referrer":    {"Referrer", "The host of the page that the visitor came from."},
	"country":     {"Country", "Where the visitor's address is, two letters."},
	"region":      {"Region", "The state or province."},
	"city":        {"City", "The nearest city known."},
	"language":    {"Language", "The first language that the browser asks for."},
	"device":      {"Device", "desktop, mobile, tablet, tv or bot."},
	"os":          {"Operating system", "Such as Android or Windows."},
	"browser":     {"Browser", "Such as Chrome or Safari."},
	"isp":         {"Internet provider", "Whose network the visitor's address is in."},
	"carrier":     {"Mobile carrier", "As the ad server says."},
	"reason":      {"Reason of the verdict", "Why a postback was counted, taken for a repeat, or refused. Only postbacks have one."},
}

// titleOf is what a dimension is called.
func titleOf(d warehouse.Dimension) string {
	if w, ok := dimensionWords[d.String()]; ok {
		return w[0]
	}
	return strings.ToUpper(d.String()[:1]) + d.String()[1:]
}

func meaningOf(name string) string {
	if w, ok := dimensionWords[name]; ok {
		return w[1]
	}
	return "What the click URL's " + name + " parameter says."
}

// dimensions are the words of the pickers. Advertisers have no use for whose a
// campaign is. all leaves none out; else those of which only wheres can speak.
func dimensions(operator bool, has func(string) bool) (groups []group) {
	for _, g := range dimensionGroups {
		one := group{Title: g.title}
		for _, name := range strings.Fields(g.names) {
			d, ok := warehouse.DimensionNamed(name)
			if !ok || name == "account" && !operator || !has(name) {
				continue
			}
			one.Words = append(one.Words, word{Name: name, Title: titleOf(d), Meaning: meaningOf(name)})
		}
		if len(one.Words) > 0 {
			groups = append(groups, one)
		}
	}
	return groups
}

// metricGroups are the figures as the picker lists them.
var metricGroups = []struct {
	title string
	names string
}{
	{"Clicks", "clicks unique_clicks bot_clicks"},
	{"Conversions", "conversions approved pending rejected late cr time_median time_p90"},
	{"Money", "value cost profit epc cpa roi foreign"},
	{"Postbacks", "postbacks duplicates refusals acceptance"},
}

var metricMeanings = map[string]string{
	"clicks":        "Visitors sent on. Robots are not among them.",
	"unique_clicks": "Of them, the first of each visitor to a campaign on a day.",
	"bot_clicks":    "Robots, link previews and prefetches. They were sent on, and don't count.",
	"conversions":   "Approved and pending ones.",
	"approved":      "Conversions that stand.",
	"pending":       "Conversions that wait to be approved. They count meanwhile.",
	"rejected":      "Conversions that somebody rejected. They don't count.",
	"late":          "Conversions after the campaign's window. They don't count.",
	"cr":            "Conversions per click.",
	"time_median":   "Half of the conversions came within this time after their click.",
	"time_p90":      "Nine of ten conversions came within this time after their click.",
	"value":         "What the conversions are worth to the advertiser.",
	"cost":          "What the advertiser owes: the clicks' cost and the conversions' price.",
	"profit":        "Value less cost.",
	"epc":           "Value per click.",
	"cpa":           "Cost per conversion.",
	"roi":           "Profit per cost.",
	"foreign":       "Conversions whose currency is not the advertiser's. Their amounts are in the sums as they were sent.",
	"postbacks":     "Every call of a postback URL, whatever became of it.",
	"duplicates":    "Calls that repeat a conversion. They count nothing.",
	"refusals":      "Calls that were refused.",
	"acceptance":    "The share of postbacks that were not refused.",
}

// metrics are the words of the picker, those in chosen ticked.
func metrics(hideMoney bool, chosen []string) (groups []group) {
	for _, g := range metricGroups {
		one := group{Title: g.title}
		for _, name := range strings.Fields(g.names) {
			m, ok := report.MetricNamed(name)
			if !ok || hideMoney && m.Money() {
				continue
			}
			on := false
			for _, c := range chosen {
				on = on || c == name
			}
			one.Words = append(one.Words, word{name, m.Title(), metricMeanings[name], on})
		}
		if len(one.Words) > 0 {
			groups = append(groups, one)
		}
	}
	return groups
}

// standardMetrics are those of a question that names none.
func standardMetrics(hideMoney bool) (names []string) {
	for _, m := range report.DefaultMetrics {
		if !hideMoney || !m.Money() {
			names = append(names, m.String())
		}
	}
	return names
}

// choice is a line of a picker.
type choice struct{ Value, Label string }

var spans = []choice{
	{"today", "Today"}, {"yesterday", "Yesterday"}, {"24h", "Last 24 hours"}, {"last_7_days", "Last 7 days"},
	{"last_30_days", "Last 30 days"}, {"this_week", "This week"}, {"last_week", "Last week"},
	{"this_month", "This month"}, {"last_month", "Last month"}, {custom, "From … to …"},
}

var comparisons = []choice{
	{"", "Nothing"}, {"previous", "The time before"}, {"last_week", "A week earlier"},
	{"last_month", "A month earlier"}, {"last_year", "A year earlier"},
}

var operators = []choice{{"=", "is"}, {"!=", "is not"}, {"^=", "begins with"}, {"~=", "contains"}}
