package device

import (
	"slices"
	"strings"
	"testing"

	"homing"
)

const (
	chromeWin  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	chromePix  = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
	safariPhon = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	webviewIOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
	webviewAnd = "Mozilla/5.0 (Linux; Android 13; SM-G991B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36"
	safariMac  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
)

// real is what the field sends. Of billable ones Parse is checked as well.
var real = map[homing.ClickClass][]string{
	homing.PreviewClick: {
		"WhatsApp/2.23.20.0", "WhatsApp/2.2336.9 N", "WhatsApp/2.24.10.76 A", "WhatsApp",
		"TelegramBot (like TwitterBot)",
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot 1.0 (+https://api.slack.com/robots)", "Slack-ImgProxy (+https://api.slack.com/robots)",
		"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "facebookexternalhit/1.1", "Facebot", "Facebot/1.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
		"Twitterbot/1.0", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
		"Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
		"Viber/13.3.0.9", "Viber", "Viber/20.6.0 CFNetwork/1404.0.5 Darwin/22.3.0",
		"Pinterest/0.2 (+https://www.pinterest.com/bot.html)", "Mozilla/5.0 (compatible; Pinterestbot/1.0; +https://www.pinterest.com/bot.html)",
		"Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
		"facebookexternalhit/1.1;line-poker/1.0", "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
		"Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots", "Mozilla/5.0 (compatible; Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots)",
		"Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)", "Synapse (bot; +https://github.com/matrix-org/synapse)",
		"http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/) Bot", "Bluesky Cardyb/1.1; +mailto:support@bsky.app", "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)",
		"Iframely/1.3.1 (+https://iframely.com/docs/about)", "Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/mail/yahoo-link-preview-SLN23615.html)",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:109.0) Gecko/20100101 Firefox/117.0 FlipboardProxy/1.2; +http://flipboard.com/browserproxy",
	},
	homing.BotClick: {
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot-Image/1.0", "Googlebot/2.1 (+http://www.google.com/bot.html)",
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.60 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"AdsBot-Google (+http://www.google.com/adsbot.html)", "Mediapartners-Google", "GoogleOther", "Google-InspectionTool/1.0", "Mozilla/5.0 (compatible; GoogleOther)",
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
		"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
		"Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; https://zhanzhang.toutiao.com/)",
		"Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
		"DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot", "CCBot/2.0 (https://commoncrawl.org/faq/)", "ClaudeBot/1.0; +claudebot@anthropic.com",
		"meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)", "ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)", "archive.org_bot",
		"Screaming Frog SEO Spider/19.0", "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", "SeekportBot", "Some Crawler 1.0",
		"curl/8.5.0", "Wget/1.21.3", "python-requests/2.31.0", "Python-urllib/3.11", "Python/3.11 aiohttp/3.9.1", "python-httpx/0.27.0", "Go-http-client/1.1", "Go-http-client/2.0", "Java/17.0.2", "libwww-perl/6.67",
		"Apache-HttpClient/4.5.13 (Java/11.0.13)", "axios/1.6.2", "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "node", "GuzzleHttp/7", "PHP/8.2", "Ruby", "Scrapy/2.11.0 (+https://scrapy.org)", "PostmanRuntime/7.36.0",
		"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3803",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.6422.60 Safari/537.36",
		"Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
		chromePix + " Chrome-Lighthouse", "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
		"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "kube-probe/1.29", "ELB-HealthChecker/2.0", "GoogleHC/1.0", "Better Uptime Bot",
		"Mozilla/5.0 (compatible; StatusCake; +http://www.statuscake.com)", "Uptime-Kuma/1.23.11", "check_http/v2.3.3 (monitoring-plugins 2.3.3)", "Blackbox Exporter/0.24.0", "Prometheus/2.48.0", "W3C_Validator/1.3",
		"Mozilla/5.0 zgrab/0.x", "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
		"Mozilla/5.0 (Linux; Android 9; FooBot/1.0)", "SomeBot", "robot", "my-bot", "Example Service/1.0 (+https://service.example/about)",
	},
	homing.Billable: {
		"", "-", "Mozilla/5.0", chromeWin, chromePix, safariPhon, webviewIOS, webviewAnd, safariMac,
		// In-app browsers.
		safariPhon + " WhatsApp/2.24.7.84", chromePix + " WhatsApp/2.24.10.76", webviewAnd + " Viber/13.1.0.4", webviewIOS + " Viber/20.6.0", webviewAnd + " Telegram-Android/11.2.3 (Samsung SM-G991B; Android 13; SDK 33; AVERAGE)",
		webviewIOS + " [FBAN/FBIOS;FBAV/466.0.0.31.106;FBBV/599712155;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.5;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5]",
		webviewAnd + " [FB_IAB/FB4A;FBAV/466.0.0.53.82;]", webviewIOS + " Instagram 334.0.0.31.93 (iPhone14,5; iOS 17_5; de_DE; de; scale=3.00; 1170x2532; 607371577)",
		webviewAnd + " Instagram 334.0.0.42.95 Android (33/13; 480dpi; 1080x2176; samsung; SM-G991B; o1s; exynos2100; de_DE; 607376553)", webviewAnd + " Line/13.11.0/IAB", safariPhon + " Line/14.7.0",
		webviewIOS + " [Pinterest/iOS]", webviewAnd + " [Pinterest/Android]", webviewAnd + " Pinterest for Android/6.58.4 (SM-A515F; 11)", "Pinterest for Android/12.1.1 (ANY-LX2; 13)", "Pinterest for Android Tablet/10.2 (SM-T510; 11)",
		webviewIOS + " Snapchat/12.90.0.40 (like Safari/8618.2.12.10.9, panda)", webviewIOS + " Twitter for iPhone/10.44", webviewAnd + " TwitterAndroid", webviewIOS + " [LinkedInApp]/9.29.7312",
		webviewAnd + " musical_ly_2023405040 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/34.5.4 ByteLocale/de BytedanceWebview/d8a21c6",
		webviewAnd + " MicroMessenger/8.0.49.2600(0x28003156) WeChat/arm64 Weixin NetType/WIFI Language/en ABI/arm64", webviewAnd + " KAKAOTALK/10.8.3 (INAPP)", webviewIOS + " NAVER(inapp; search; 2000; 12.6.3)", webviewAnd + " Zalo android/24050",
		chromeWin + " Slack_SSB/4.38.125", "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) discord/1.0.9147 Chrome/120.0.6099.291 Electron/28.2.10 Safari/537.36", chromeWin + " Skype/8.119.0.201",
		webviewIOS + " Reddit/Version 2024.20.0/Build 615221/iOS Version 17.5", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/318.0.635 Mobile/15E148 Safari/604.1",
		// Phones and browsers that look like robots.
		"Mozilla/5.0 (Linux; Android 10; CUBOT_X20_PRO) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36", "Mozilla/5.0 (Linux; Android 9; CUBOT X19 Build/PPR1.180610.011; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/95.0.4638.74 Mobile Safari/537.36",
		"Dalvik/2.1.0 (Linux; U; Android 7.0; CUBOT Build/NRD90M)", "UCWEB/2.0 (MIDP-2.0; U; Adr 9; en-US; CUBOT_X19) U2/1.0.0 UCBrowser/13.4.0.1306 U2/1.0.0 Mobile", "Instagram 200.0.0.28 Android (28/9; 320dpi; 720x1440; CUBOT; CUBOT_POWER; de_DE)", "Mozilla/5.0 (Linux; Android 8.1.0; CUBOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 11; Robot) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "Mozilla/5.0 (Linux; Android 7.1; Sanbot Build/N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 12; SPIDER X5 Build/SP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Java; U; Pt-br; nokiac3-00) UCBrowser8.2.1.144/69/352/UCWEB Mobile UNTRUSTED/1.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 YaBrowser/24.6.0.0 Yowser/2.5 Safari/537.36",
		"Mozilla/5.0 (X11; U; Linux; i686; en-US; rv:1.6) Gecko Epiphany/1.2 Preview/2", "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.6.7",
		"okhttp/4.12.0", "MyApp/1 CFNetwork/1494.0.7 Darwin/23.4.0", "Dalvik/2.1.0 (Linux; U; Android 8.0.0; SM-G930V Build/R16NW)",
	},
}

func TestClass(t *testing.T) {
	for want, list := range real {
		for _, ua := range list {
			if got := Class([]byte(ua)); got != want {
				t.Errorf("%s: %s, want %s", ua, got, want)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ ua, device, os, browser string }{
		{"", "", "", ""},
		{chromeWin, "desktop", "Windows", "Chrome"},
		{chromePix, "mobile", "Android", "Chrome"},
		{safariPhon, "mobile", "iOS", "Safari"},
		{webviewIOS, "mobile", "iOS", "Safari"},
		{safariMac, "desktop", "macOS", "Safari"},
		{webviewAnd + " Instagram 334.0.0.42.95 Android (33/13; 480dpi)", "mobile", "Android", "Instagram"},
		{webviewIOS + " [FBAN/FBIOS;FBAV/466.0.0.31.106;FBDV/iPhone14,5]", "mobile", "iOS", "Facebook"},
		{webviewAnd + " [FB_IAB/FB4A;FBAV/466.0.0.53.82;]", "mobile", "Android", "Facebook"},
		{safariPhon + " Line/14.7.0", "mobile", "iOS", "Line"},
		{"Pinterest for Android/12.1.1 (ANY-LX2; 13)", "mobile", "Android", "Pinterest"},
		{chromeWin + " Edg/126.0.0.0", "desktop", "Windows", "Edge"},
		{chromeWin + " OPR/111.0.0.0", "desktop", "Windows", "Opera"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop", "Windows", "Firefox"},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop", "Linux", "Firefox"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "desktop", "ChromeOS", "Chrome"},
		{"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "mobile", "Android", "Samsung Internet"},
		{"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "tablet", "Android", "Chrome"},
		{"Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", "tablet", "iOS", "Safari"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1", "mobile", "iOS", "Chrome"},
		{"Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1", "mobile", "iOS", "Safari"},
		{"Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063", "mobile", "Windows Phone", "Edge"},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "desktop", "Windows", "Internet Explorer"},
		{"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV Safari/537.36", "tv", "Tizen", "Other"},
		{"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager", "tv", "webOS", "Chrome"},
		{"Mozilla/5.0 (Linux; Android 9; AFTS Build/PS7652) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108.0.5359.220 Safari/537.36", "tv", "Android", "Silk"},
		{"Mozilla/5.0 (Mobile; LYF/F300B; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", "mobile", "KaiOS", "Firefox"},
		{"Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16", "mobile", "Android", "Opera Mini"},
		{"Mozilla/5.0 (Linux; U; Android 12; de-de; 21061119AG Build/SP1A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 XiaoMi/MiuiBrowser/13.22.1", "mobile", "Android", "MIUI Browser"},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "", "Googlebot"},
		{"WhatsApp/2.23.20.0", "bot", "", "WhatsApp"},
		{"curl/8.5.0", "bot", "", "Other"},
		{"SomethingNew/1.0", "", "", "Other"},
		{"Mozilla/5.0", "", "", ""},
	} {
		if got, want := Parse(c.ua), (Info{c.device, c.os, c.browser}); got != want {
			t.Errorf("%s\n got %q\nwant %q", c.ua, got, want)
		}
	}
}

func checkInfo(t *testing.T, ua string) {
	class, info := Class([]byte(ua)), Parse(ua)
	if (class != homing.Billable) != (info.Device == "bot") {
		t.Errorf("%q is %s, but the device %q", ua, class, info.Device)
	}
	if !slices.Contains([]string{"", "desktop", "mobile", "tablet", "tv", "bot"}, info.Device) ||
		!slices.Contains(append(Systems(), ""), info.OS) || !slices.Contains(append(Browsers(), "", Other), info.Browser) {
		t.Errorf("%q made a word that is on no list: %q", ua, info)
	}
	if len(info.OS) > 64 || len(info.Browser) > 64 {
		t.Errorf("%q made a word over 64 bytes: %q", ua, info)
	}
}

func TestParseAgreesWithClass(t *testing.T) {
	for _, list := range real {
		for _, ua := range list {
			checkInfo(t, ua)
		}
	}
}

// A word may only stand on one list, and must be one that the reader can make.
func TestLists(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range wordLists {
		for _, w := range strings.Fields(list) {
			r := reader{text: []byte(w)}
			if !r.next() || string(r.buf[:r.n]) != w || len(w) < 3 {
				t.Errorf("%q will never be found: the reader makes %q", w, r.buf[:r.n])
			}
			if seen[w] {
				t.Errorf("%q stands twice", w)
			}
			seen[w] = true
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, list := range real {
		for _, ua := range list {
			f.Add(ua)
		}
	}
	f.Add("Mozilla/5.0 (Linux; Android")
	f.Add("Android 1(CrOS x86_64 1;[" + strings.Repeat("a", 2000))
	f.Add("\x00\xff+http)((;/")
	f.Fuzz(checkInfo)
}

func TestClassAllocatesNothing(t *testing.T) {
	ua := []byte(webviewAnd + " Instagram 334.0.0.42.95 Android (33/13; 480dpi; 1080x2176)")
	if n := testing.AllocsPerRun(100, func() { Class(ua) }); n != 0 {
		t.Errorf("Class allocates %v times", n)
	}
}

func BenchmarkClass(b *testing.B) {
	for _, c := range []struct{ name, ua string }{
		{"chrome", chromeWin}, {"iphone", safariPhon}, {"webview", webviewAnd}, {"googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
		{"hostile", strings.Repeat("bot curl ", 1000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			ua := []byte(c.ua)
			b.ReportAllocs()
			for b.Loop() {
				Class(ua)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Parse(webviewAnd)
	}
}
