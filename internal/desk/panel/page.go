package panel

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"homing"
	"homing/internal/desk/signin"
)

//go:embed pages
var pageFiles embed.FS

// page is one template with the frame around it.
type page struct{ template *template.Template }

// Pages that stand before signing in have a frame of their own.
var bare = map[string]bool{"signin": true, "welcome": true}

// loadPages parses every page: pages/frame.html and pages/parts.html are shared,
// each other file is one page.
func loadPages(a *assets) (map[string]*page, error) {
	shared, err := template.New("frame.html").Funcs(functions(a)).ParseFS(pageFiles, "pages/frame.html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		return nil, err
	}
	pages := map[string]*page{}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".html")
		if name == "frame" || name == "parts" {
			continue
		}
		t, err := template.Must(shared.Clone()).ParseFS(pageFiles, "pages/"+file.Name())
		if err != nil {
			return nil, err
		}
		pages[name] = &page{t}
	}
	return pages, nil
}

// frame is what the frame of every page shows.
type frame struct {
	Title string
	Who   *signin.Person
	// Belongs is the name of the advertiser an advertiser's user belongs to.
	Belongs string
	Nav     []navItem
	Theme   string
	// Back is this page, to come back to after setting the theme.
	Back string
	// Notice tells that something was done.
	Notice string
	// Troubles are what an operator should know of the installation.
	Troubles []string
	Now      homing.Millis
	Bare     bool
	Page     any
}

type navItem struct {
	Label, Path string
	Here        bool
}

// show answers with a page.
func (v *visit) show(status int, name, title string, content any) error {
	v.render(status, name, title, content)
	return nil
}

// render writes a page whole or, if its template fails, not at all.
func (v *visit) render(status int, name, title string, content any) {
	var out bytes.Buffer
	err := v.panel.pages[name].template.ExecuteTemplate(&out, "frame.html", v.frame(name, title, content))
	if err != nil {
		v.panel.Log.Error("a page couldn't be made", "page", name, "error", err)
		http.Error(v.w, "Something broke on our side. The fault was noted.", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Length", fmt.Sprint(out.Len()))
	v.w.WriteHeader(status)
	_, _ = v.w.Write(out.Bytes()) // whoever has gone does not mind
}

func (v *visit) frame(name, title string, content any) frame {
	f := frame{
		Title: title, Who: v.who, Theme: themeOf(v.r), Back: v.back(), Now: v.now,
		Bare: bare[name] || v.who == nil, Page: content, Notice: notices[v.r.URL.Query().Get("done")],
	}
	if v.who == nil {
		return f
	}
	if a := v.view.Account(v.who.Account); a != nil {
		f.Belongs = a.Name
	}
	f.Nav = v.nav()
	f.Troubles = v.troubles()
	return f
}

// nav lists the sections the person has.
func (v *visit) nav() []navItem {
	items := []navItem{{Label: "Campaigns", Path: "/campaigns"}, {Label: "Postback log", Path: "/postbacks"}}
	if v.who.Operator() {
		items = append([]navItem{{Label: "Advertisers", Path: "/advertisers"}}, items...)
		items = append(items, navItem{Label: "System", Path: "/system"})
	} else {
		items = append([]navItem{{Label: "Tracking & API", Path: trackingPath(v.who.Account)}}, items...)
	}
	for i := range items {
		here := v.r.URL.Path
		if v.inAdvertiser() {
			here = "/advertisers/"
		}
		items[i].Here = here == items[i].Path || strings.HasPrefix(here, items[i].Path+"/") ||
			strings.HasSuffix(items[i].Path, "/tracking") && strings.HasPrefix(here, advertiserPath(v.who.Account))
	}
	return items
}

// inAdvertiser tells whether a list is shown as a tab of one advertiser.
func (v *visit) inAdvertiser() bool {
	list := v.r.URL.Path == "/campaigns" || v.r.URL.Path == "/postbacks"
	return list && v.account != nil && v.who.Operator()
}

// back is a page that can be loaded again: this one, or the one its form stands
// on.
func (v *visit) back() string {
	if v.r.Method == http.MethodGet && localPath(v.r.URL.RequestURI()) {
		return v.r.URL.RequestURI()
	}
	for i := range v.panel.routes {
		route := &v.panel.routes[i]
		if _, ok := route.match(v.r.URL.EscapedPath()); ok && route.method == "GET" {
			return v.r.URL.EscapedPath()
		}
	}
	if v.account != nil {
		return trackingPath(v.account.ID)
	}
	return "/"
}

// notices are what ?done= says. Only these words come from a URL.
var notices = map[string]string{
	"saved":    "Saved. It is in force.",
	"created":  "Created.",
	"active":   "The campaign is active. Its click URL takes visitors.",
	"paused":   "The campaign is paused. Visitors are not sent on; postbacks for earlier clicks still count.",
	"revoked":  "The key is revoked. Postbacks that carry it are refused from now on.",
	"password": "Your password is changed. Your other sessions have ended.",
}
