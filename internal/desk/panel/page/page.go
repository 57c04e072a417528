package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
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

// loadPages parses every page: frame.html and parts.html are shared by all,
// part-*.html by those of a screen, each other file is one page.
func loadPages(a *assets, screens []Screen) (map[string]*page, error) {
	shared, err := template.New("frame.html").Funcs(functions(a)).ParseFS(pageFiles, "pages/frame.html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*page{}
	for _, s := range append([]Screen{{Pages: pageFiles}}, screens...) {
		if s.Pages == nil {
			continue
		}
		if err := s.load(shared, pages); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// load parses the pages of a screen.
func (s *Screen) load(shared *template.Template, pages map[string]*page) error {
	files, err := fs.Glob(s.Pages, "pages/*.html")
	if err != nil {
		return err
	}
	parts := template.Must(shared.Clone())
	for _, file := range files {
		if strings.HasPrefix(path.Base(file), "part-") {
			if _, err := parts.ParseFS(s.Pages, file); err != nil {
				return err
			}
		}
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "frame" || name == "parts" || strings.HasPrefix(name, "part-") {
			continue
		}
		if pages[name] != nil {
			return fmt.Errorf("two pages are called %s: %w", name, homing.ErrConflict)
		}
		t, err := template.Must(parts.Clone()).ParseFS(s.Pages, file)
		if err != nil {
			return err
		}
		pages[name] = &page{t}
	}
	return nil
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

// Show answers with a page.
func (v *Visit) Show(status int, name, title string, content any) error {
	v.render(status, name, title, content)
	return nil
}

// render writes a page whole or, if its template fails, not at all.
func (v *Visit) render(status int, name, title string, content any) {
	var out bytes.Buffer
	err := v.house.pages[name].template.ExecuteTemplate(&out, "frame.html", v.frame(name, title, content))
	if err != nil {
		v.Log.Error("a page couldn't be made", "page", name, "error", err)
		http.Error(v.W, "Something broke on our side. The fault was noted.", http.StatusInternalServerError)
		return
	}
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.Header().Set("Content-Length", fmt.Sprint(out.Len()))
	v.W.WriteHeader(status)
	_, _ = v.W.Write(out.Bytes()) // whoever has gone does not mind
}

func (v *Visit) frame(name, title string, content any) frame {
	f := frame{
		Title: title, Who: v.Who, Theme: themeOf(v.R), Back: v.back(), Now: v.Now,
		Bare: bare[name] || v.Who == nil, Page: content, Notice: notices[v.R.URL.Query().Get("done")],
	}
	if v.Who == nil {
		return f
	}
	if a := v.View.Account(v.Who.Account); a != nil {
		f.Belongs = a.Name
	}
	f.Nav = v.nav()
	f.Troubles = v.troubles()
	return f
}

// nav lists the sections the person has.
func (v *Visit) nav() []navItem {
	items := []navItem{{Label: "Campaigns", Path: "/campaigns"}, {Label: "Postback log", Path: "/postbacks"}}
	if v.Who.Operator() {
		items = append([]navItem{{Label: "Advertisers", Path: "/advertisers"}}, items...)
		items = append(items, navItem{Label: "System", Path: "/system"})
	} else {
		items = append([]navItem{{Label: "Tracking & API", Path: TrackingPath(v.Who.Account)}}, items...)
	}
	for i := range items {
		here := v.R.URL.Path
		if v.inAdvertiser() {
			here = "/advertisers/"
		}
		items[i].Here = here == items[i].Path || strings.HasPrefix(here, items[i].Path+"/") ||
			strings.HasSuffix(items[i].Path, "/tracking") && strings.HasPrefix(here, AdvertiserPath(v.Who.Account))
	}
	return items
}

// inAdvertiser tells whether a list is shown as a tab of one advertiser.
func (v *Visit) inAdvertiser() bool {
	list := v.R.URL.Path == "/campaigns" || v.R.URL.Path == "/postbacks"
	return list && v.Account != nil && v.Who.Operator()
}

// back is a page that can be loaded again: this one, or the one its form stands
// on.
func (v *Visit) back() string {
	if v.R.Method == http.MethodGet && LocalPath(v.R.URL.RequestURI()) {
		return v.R.URL.RequestURI()
	}
	for i := range v.house.routes {
		route := &v.house.routes[i]
		if _, ok := route.match(v.R.URL.EscapedPath()); ok && route.Method == "GET" {
			return v.R.URL.EscapedPath()
		}
	}
	if v.Account != nil {
		return TrackingPath(v.Account.ID)
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

// troubles stand above an operator's pages.
func (v *Visit) troubles() []string {
	if !v.Who.Operator() {
		return nil
	}
	return v.Troubles()
}
