package device

import (
	"strings"

	"github.com/mileusna/useragent"

	"homing"
)

// Info is what a User-Agent says of a device, in the words of the macros. Each
// word is from a closed list and at most 64 bytes long; "" if unknown.
type Info struct {
	Device  string // "desktop", "mobile", "tablet", "tv", "bot", "" if unknown
	OS      string // as in Systems
	Browser string // as in Browsers, or Other
}

// Other stands for a browser or a robot that names itself but is not on the
// list.
const Other = "Other"

// Systems lists the words of Info.OS.
func Systems() []string {
	return []string{
		"Windows", "macOS", "iOS", "Android", "Linux", "ChromeOS", "Windows Phone", "FreeBSD", "BlackBerry", "HarmonyOS", "KaiOS", "Tizen", "webOS",
	}
}

// Browsers that are known by what they do not say.
const (
	safari         = "Safari"
	androidBrowser = "Android Browser"
)

// Browsers lists the words of Info.Browser, apart from Other.
func Browsers() []string {
	list := []string{safari, androidBrowser}
	seen := map[string]bool{}
	for _, b := range browsers {
		if !seen[b.name] {
			seen[b.name] = true
			list = append(list, b.name)
		}
	}
	return list
}

// browsers are known by a token, the particular before the general: nearly all
// call themselves Chrome or Safari too. What stands before a token is a space, a
// bracket or the beginning.
var browsers = []struct{ token, name string }{
	{"Googlebot", "Googlebot"}, {"bingbot", "Bingbot"}, {"YandexBot", "YandexBot"}, {"Applebot", "Applebot"}, {"HeadlessChrome", "Headless Chrome"},
	{"FBAN", "Facebook"}, {"FBAV", "Facebook"}, {"FB_IAB", "Facebook"}, {"Instagram", "Instagram"}, {"Barcelona", "Threads"},
	{"musical_ly", "TikTok"}, {"BytedanceWebview", "TikTok"}, {"trill", "TikTok"}, {"Snapchat", "Snapchat"}, {"Pinterest", "Pinterest"},
	{"LinkedInApp", "LinkedIn"}, {"Twitter for", "Twitter"}, {"WhatsApp", "WhatsApp"}, {"Viber", "Viber"}, {"Telegram", "Telegram"},
	{"Line/", "Line"}, {"KAKAOTALK", "KakaoTalk"}, {"MicroMessenger", "WeChat"}, {"Zalo", "Zalo"}, {"NAVER", "Naver"}, {"GSA/", "Google App"},
	{"EdgiOS/", "Edge"}, {"EdgA/", "Edge"}, {"Edge/", "Edge"}, {"Edg/", "Edge"}, {"Opera Mini", "Opera Mini"}, {"OPR/", "Opera"}, {"OPT/", "Opera"}, {"OPX/", "Opera"},
	{"OPiOS/", "Opera"}, {"Opera", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"YaBrowser", "Yandex Browser"}, {"Vivaldi", "Vivaldi"},
	{"UCBrowser", "UC Browser"}, {"UCWEB", "UC Browser"}, {"MiuiBrowser", "MIUI Browser"}, {"XiaoMi/MiuiBrowser", "MIUI Browser"}, {"HuaweiBrowser", "Huawei Browser"},
	{"HeyTapBrowser", "HeyTap Browser"}, {"VivoBrowser", "Vivo Browser"}, {"QQBrowser", "QQ Browser"}, {"MQQBrowser", "QQ Browser"}, {"coc_coc_browser", "Coc Coc"}, {"Whale", "Whale"},
	{"DuckDuckGo", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"}, {"Brave", "Brave"}, {"Silk", "Silk"}, {"Puffin", "Puffin"}, {"Focus/", "Firefox Focus"}, {"Klar/", "Firefox Focus"},
	{"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Firefox/", "Firefox"}, {"MSIE ", "Internet Explorer"}, {"Trident/", "Internet Explorer"},
	{"Chromium/", "Chrome"}, {"Chrome/", "Chrome"}, {"BlackBerry", "BlackBerry"}, {"BB10", "BlackBerry"},
}

// Parse reads a User-Agent. It costs about four microseconds and allocates. Any
// text may be given; of a very long one the beginning is read.
func Parse(userAgent string) Info {
	userAgent = userAgent[:min(len(userAgent), maxLen)]
	if userAgent == "" {
		return Info{}
	}
	ua := useragent.Parse(userAgent)
	info := Info{OS: system(userAgent, ua), Browser: browser(userAgent, ua)}
	info.Device = kind(userAgent, info.OS, ua)
	return info
}

// system corrects what the parser does not know: systems of television sets and
// of simple phones, and those that say Android or Linux besides.
func system(text string, ua useragent.UserAgent) string {
	switch {
	case strings.Contains(text, "Windows Phone"):
		return "Windows Phone"
	case strings.Contains(text, "KAIOS"):
		return "KaiOS"
	case strings.Contains(text, "Tizen"):
		return "Tizen"
	case strings.Contains(text, "Web0S"), strings.Contains(text, "webOS"), strings.Contains(text, "WEBOS"):
		return "webOS"
	case strings.Contains(text, "iPod"), strings.Contains(text, "iPhone OS"), strings.Contains(text, "AppleTV"):
		return "iOS"
	case strings.Contains(text, "OpenHarmony"), strings.Contains(text, "HarmonyOS"):
		return "HarmonyOS"
	case strings.Contains(text, "CrOS "):
		return "ChromeOS"
	case strings.Contains(text, "BB10"):
		return "BlackBerry"
	}
	switch ua.OS {
	case "":
		return systemWord(text)
	case useragent.Windows, useragent.MacOS, useragent.IOS, useragent.Android, useragent.Linux, useragent.FreeBSD, useragent.BlackBerry:
		return ua.OS
	}
	return ""
}

// systemWord looks for a system anywhere in the text, for apps that do not
// write it where a browser does.
func systemWord(text string) string {
	for _, w := range []struct{ word, os string }{
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"iOS", "iOS"}, {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(text, w.word) {
			return w.os
		}
	}
	return ""
}

func browser(text string, ua useragent.UserAgent) string {
	for _, b := range browsers {
		if hasToken(text, b.token) {
			return b.name
		}
	}
	switch {
	case ua.Name == "Android browser", ua.Name == useragent.Safari && strings.Contains(text, "Android"):
		return androidBrowser
	case ua.Name == useragent.Safari, strings.Contains(text, "AppleWebKit") && system(text, ua) == "iOS":
		return safari
	case ua.Name == "" || ua.Name == useragent.Mozilla || strings.HasPrefix(text, "Mozilla/") && ua.Name == text:
		return ""
	}
	return Other
}

// hasToken looks for a token that does not begin within a word.
func hasToken(text, token string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], token)
		if i < 0 {
			return false
		}
		i += from
		if i == 0 || lower[text[i-1]] == 0 {
			return true
		}
		from = i + 1
	}
}

// tvWords tell a television set or a box beside one.
var tvWords = []string{
	"SmartTV", "SMART-TV", "Smart TV", "HbbTV", "AppleTV", "Apple TV", "GoogleTV", "Google TV", "Android TV", "AndroidTV", "BRAVIA", "CrKey", "Roku", "NetCast",
	"Web0S", "AFTT", "AFTS", "AFTM", "AFTB", "AFTN", "AFTKA", "AFTR", "AFTGAZL", "MIBOX", "Chromecast", "DTV",
}

// kind tells the device. What Class takes for no person is a bot, and nothing
// else is: the two must not tell different stories of one click.
func kind(text, os string, ua useragent.UserAgent) string {
	if Class([]byte(text)) != homing.Billable {
		return "bot"
	}
	for _, w := range tvWords {
		if hasToken(text, w) {
			return "tv"
		}
	}
	if os == "Tizen" && strings.Contains(text, "TV") {
		return "tv"
	}
	switch {
	case ua.Tablet, strings.Contains(text, "Tablet"), strings.Contains(text, "iPad"):
		return "tablet"
	case os == "Android" && hasToken(text, "Mozilla/5.0") && strings.Contains(text, "AppleWebKit") && !strings.Contains(text, "Mobile"):
		return "tablet" // Chrome on a tablet says all but Mobile
	}
	switch os {
	case "Android", "iOS", "Windows Phone", "BlackBerry", "KaiOS", "HarmonyOS", "Tizen":
		return "mobile"
	case "Windows", "macOS", "Linux", "ChromeOS", "FreeBSD":
		return "desktop"
	}
	if ua.Mobile {
		return "mobile"
	}
	return ""
}
