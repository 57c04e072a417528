package device

import (
	"strings"

	"homing"
)

// wordClass is what a word means wherever it stands.
type wordClass uint8

const (
	wordRobot     wordClass = iota + 1
	wordPreviewer           // fetches link previews
	wordPerson              // looks like a robot's name and is none
	wordAndroid             // a device's model follows
	wordLink                // before "preview", makes it a link preview
	wordPreview
)

// Words are runs of letters and digits: Slack-ImgProxy is "slack" and
// "imgproxy". Names ending as those in genericEnds need not be listed.
var wordLists = map[wordClass]string{
	wordPreviewer: `
		telegrambot slackbot imgproxy discordbot facebookexternalhit facebot twitterbot linkedinbot skypeuripreview
		vkshare redditbot pinterestbot embedly iframely mastodon misskey summalybot pleroma akkoma cardyb synapse embedbot
		dingtalkbot odklbot zoombot linespider linkpreview linkpreviewbot bufferlinkpreviewbot urlpreviewbot urlpreview
		uripreview pagerenderer snippet flipboardproxy`,
	wordRobot: `
		adsbot mediapartners feedfetcher googleother inspectiontool googleproducer googleimageproxy googleprober googlehc
		lighthouse gtmetrix ptst bingpreview microsoftpreview heritrix nutch archiver facebookcatalog externalagent
		anthropic cohere yeti yandeximages yandexmetrika yandexdirect yandexmedia yandexvideo yandexfavicons
		yandexscreenshotbot yandexadnet sogou qwantify barkrowler bubing daum ahrefssiteaudit validator checklink
		curl libcurl wget wget2 aiohttp httpx urllib scrapy lwp httpclient httpie guzzlehttp axios undici
		postmanruntime windowspowershell powershell
		headlesschrome headlessedg phantomjs slimerjs puppeteer playwright selenium webdriver cypress htmlunit
		pingdom pingdomtms pingdompagespeed statuscake site24x7 datadog datadogsynthetics newrelicpinger newrelicsynthetics
		catchpoint checkly hetrixtools freshping nagios prometheus zabbix uptime pinger ruxitsynthetic monitis monitoring
		gatling jmeter apachebench zgrab masscan nmap nikto sqlmap nuclei censysinspect expanse l9explore`,
	// Cubot and Talbot make phones.
	wordPerson:  `cubot talbot`,
	wordAndroid: `android`,
	wordLink:    `link url uri page`,
	wordPreview: `preview`,
}

// genericEnds are how robots' names end, by the last letter.
var genericEnds = func() (t [256][]string) {
	for _, end := range strings.Fields("bot bots crawler crawl spider slurp scraper fetcher archiver validator healthchecker linkchecker sitechecker scanner harvester probe") {
		last := end[len(end)-1]
		t[last] = append(t[last], end)
	}
	return t
}()

// previewOpenings and robotOpenings only count at the very beginning: in-app
// browsers carry "WhatsApp/2" and "Viber/13" at the end, and old phones say
// "Mozilla/5.0 (Java; …".
const (
	previewOpenings = `whatsapp/ whatsapp viber pinterest/`
	robotOpenings   = `java/ python php/ ruby perl/ libwww-perl node got/ go-http-client go/ http.rb/ lua-resty-http jakarta
		apache-httpclient rest-client/ restsharp/ unirest insomnia/ symfony k6/ blackbox consul kube-probe elb-healthchecker check_http
		ia_archiver winhttp nginx/ varnish/ haproxy`
)

type opening struct {
	text  string
	class homing.ClickClass
}

// openings are the openings by their first letter.
var openings = func() (t [256][]opening) {
	add := func(list string, class homing.ClickClass) {
		for _, text := range strings.Fields(list) {
			t[text[0]] = append(t[text[0]], opening{text, class})
		}
	}
	add(previewOpenings, homing.PreviewClick)
	add(robotOpenings, homing.BotClick)
	return t
}()

// words finds the class of a listed word.
var words = func() map[string]wordClass {
	m := map[string]wordClass{}
	for class, list := range wordLists {
		for _, word := range strings.Fields(list) {
			m[word] = class
		}
	}
	return m
}()

// firsts tells, by length, with which letters listed words begin: it spares
// the map for nearly every word of a browser.
var firsts = func() (t [maxWord + 1][256]bool) {
	for word := range words {
		t[len(word)][word[0]] = true
	}
	return t
}()

func lookUp(word []byte) (class wordClass, known bool) {
	if !firsts[len(word)][word[0]] {
		return 0, false
	}
	class, known = words[string(word)]
	return class, known
}
