package tracking

import (
	"strings"

	"homing/internal/rule/tracker"
)

// codeBox is the call from one's own server, in one language.
type codeBox struct {
	Languages []link
	Language  string
	Text      string
	// Key: the call carries a key, from the environment.
	Key bool
}

// language is one that there is an example of.
type language struct {
	Name, Label string
	example     func(call) string
}

var languages = []language{
	{"curl", "curl", curlExample}, {"php", "PHP", phpExample}, {"python", "Python", pythonExample},
	{"node", "Node", nodeExample}, {"go", "Go", goExample},
}

// languageNamed is the language of that name, or the first.
func languageNamed(name string) string {
	for _, l := range languages {
		if l.Name == name {
			return name
		}
	}
	return languages[0].Name
}

// call is what an example calls. Its value and code are made up; a key is never
// in it, but comes from the environment.
type call struct {
	base, account string
	value, lead   bool
}

// codeOf makes the example of the chosen form. Where several leads cannot be sent
// it is the one with a value.
func codeOf(c *choice, o tracker.Options) codeBox {
	made := call{base: o.Base + tracker.Path, account: o.Account, value: c.form != tracker.Simple}
	if c.form == tracker.MultiLead && o.MultiLead && o.SecureBase != "" {
		made.base, made.lead = o.SecureBase+tracker.Path, true
	}
	box := codeBox{Key: made.lead}
	for _, l := range languages {
		here := l.Name == c.lang
		box.Languages = append(box.Languages, link{l.Label, c.to("lang", l.Name) + "#code", here})
		if here {
			box.Language, box.Text = l.Label, l.example(made)
		}
	}
	return box
}

// lines joins the lines that are wanted: a line is left out if its condition is
// false.
type lines []struct {
	text string
	when bool
}

func (l lines) String() string {
	var b strings.Builder
	for _, line := range l {
		if line.when {
			b.WriteString(line.text + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func curlExample(c call) string {
	return lines{
		{"# POSTBACK_KEY is your secret key; keep it out of the command's history.", c.lead},
		{"curl -sS -G \"" + c.base + "$CLICK_ID\" \\", true},
		{"  --data-urlencode \"value=12.50\" \\", c.value},
		{"  --data-urlencode \"lead_code=order-1044\" \\", c.lead},
		{"  --data-urlencode \"key=$POSTBACK_KEY\" \\", c.lead},
		{"  --data-urlencode \"account=" + c.account + "\"", true},
	}.String()
}

func phpExample(c call) string {
	return lines{
		{"<?php", true},
		{"// $clickId is the click_id of the landing page's URL, kept with the visitor.", true},
		{"$url = '" + c.base + "' . rawurlencode($clickId) . '?' . http_build_query([", true},
		{"    'value' => '12.50',", c.value},
		{"    'lead_code' => $orderNumber,", c.lead},
		{"    'key' => getenv('POSTBACK_KEY'),", c.lead},
		{"    'account' => '" + c.account + "',", true},
		{"]);", true},
		{"$context = stream_context_create(['http' => ['timeout' => 10, 'ignore_errors' => true]]);", true},
		{"$answer = file_get_contents($url, false, $context);", true},
		{"if ($answer !== '{\"ok\":true}') {", true},
		{"    error_log('postback: ' . ($answer === false ? 'no answer' : $answer)); // call again later", true},
		{"}", true},
	}.String()
}

func pythonExample(c call) string {
	return lines{
		{"import os", c.lead},
		{"import urllib.parse, urllib.request", true},
		{"", true},
		{"# click_id is the one of the landing page's URL, kept with the visitor.", true},
		{"query = urllib.parse.urlencode({", true},
		{"    \"value\": \"12.50\",", c.value},
		{"    \"lead_code\": order_number,", c.lead},
		{"    \"key\": os.environ[\"POSTBACK_KEY\"],", c.lead},
		{"    \"account\": \"" + c.account + "\",", true},
		{"})", true},
		{"url = \"" + c.base + "\" + urllib.parse.quote(click_id) + \"?\" + query", true},
		{"with urllib.request.urlopen(url, timeout=10) as answer:  # raises on 4xx and 503", true},
		{"    print(answer.headers[\"Postback-Result\"])", true},
	}.String()
}

func nodeExample(c call) string {
	return lines{
		{"// clickId is the click_id of the landing page's URL, kept with the visitor.", true},
		{"const query = new URLSearchParams({", true},
		{"  value: \"12.50\",", c.value},
		{"  lead_code: orderNumber,", c.lead},
		{"  key: process.env.POSTBACK_KEY,", c.lead},
		{"  account: \"" + c.account + "\",", true},
		{"});", true},
		{"const answer = await fetch(", true},
		{"  `" + c.base + "${encodeURIComponent(clickId)}?${query}`,", true},
		{"  { signal: AbortSignal.timeout(10_000) },", true},
		{");", true},
		{"console.log(answer.status, answer.headers.get(\"Postback-Result\"));", true},
	}.String()
}

func goExample(c call) string {
	return lines{
		{"// clickID is the click_id of the landing page's URL, kept with the visitor.", true},
		{"query := url.Values{", true},
		{"	\"value\":     {\"12.50\"},", c.value},
		{"	\"lead_code\": {orderNumber},", c.lead},
		{"	\"key\":       {os.Getenv(\"POSTBACK_KEY\")},", c.lead},
		{"	\"account\":   {\"" + c.account + "\"},", true},
		{"}", true},
		{"client := &http.Client{Timeout: 10 * time.Second}", true},
		{"answer, err := client.Get(\"" + c.base + "\" + url.PathEscape(clickID) + \"?\" + query.Encode())", true},
		{"if err != nil {", true},
		{"	return err // call again later: it counts once", true},
		{"}", true},
		{"defer answer.Body.Close()", true},
		{"log.Println(answer.Status, answer.Header.Get(\"Postback-Result\"))", true},
	}.String()
}
