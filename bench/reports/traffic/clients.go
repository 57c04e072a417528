package traffic

// client is what a User-Agent comes down to; its parts belong together.
type client struct {
	device, os, browser string
	phone               bool // goes over a mobile network more often than not
}

// The clients and how common each is among visitors of mobile and of desktop
// offers.
var clients = []struct {
	client
	onMobile, onDesktop float64
}{
	{client{"mobile", "Android", "Chrome", true}, 46, 14},
	{client{"mobile", "Android", "Samsung Internet", true}, 8, 2},
	{client{"mobile", "Android", "Android WebView", true}, 9, 1},
	{client{"mobile", "Android", "Facebook", true}, 3, 0.5},
	{client{"mobile", "Android", "Opera", true}, 2.5, 0.4},
	{client{"mobile", "Android", "Firefox", true}, 1, 0.4},
	{client{"mobile", "Android", "UC Browser", true}, 1.2, 0.1},
	{client{"mobile", "iOS", "Safari", true}, 17, 6},
	{client{"mobile", "iOS", "Chrome", true}, 3, 1},
	{client{"mobile", "iOS", "Facebook", true}, 1.5, 0.3},
	{client{"mobile", "iOS", "Instagram", true}, 1.5, 0.2},
	{client{"tablet", "Android", "Chrome", false}, 2, 1.5},
	{client{"tablet", "iOS", "Safari", false}, 1.2, 1.5},
	{client{"desktop", "Windows", "Chrome", false}, 2, 42},
	{client{"desktop", "Windows", "Edge", false}, 0.4, 11},
	{client{"desktop", "Windows", "Firefox", false}, 0.2, 5},
	{client{"desktop", "Windows", "Opera", false}, 0.1, 3},
	{client{"desktop", "macOS", "Safari", false}, 0.2, 5},
	{client{"desktop", "macOS", "Chrome", false}, 0.2, 5},
	{client{"desktop", "Linux", "Chrome", false}, 0.2, 1.6},
	{client{"desktop", "Linux", "Firefox", false}, 0.05, 0.8},
	{client{"desktop", "ChromeOS", "Chrome", false}, 0.05, 0.7},
	{client{"tv", "Android", "Chrome", false}, 0.1, 0.4},
	{client{"tv", "Tizen", "Samsung Internet", false}, 0.1, 0.3},
	{client{"desktop", "Other", "Other", false}, 0.02, 0.1},
	{client{"", "Other", "Other", false}, 0.6, 0.9},
}

func clientWheels() (onMobile, onDesktop wheel) {
	var mobile, desktop []float64
	for i := range clients {
		mobile = append(mobile, clients[i].onMobile)
		desktop = append(desktop, clients[i].onDesktop)
	}
	return newWheel(mobile), newWheel(desktop)
}
