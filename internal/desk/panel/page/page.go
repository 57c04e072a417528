package page

import (
	"bytes"
	"cmp"
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
var bare = map[string]bool{"signin": true, "signin_code": true, "welcome": true}

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
	// Network is what the installation is called.
	Network string
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
	Now      Present
	Bare     bool
	// Viewing is as whom an operator looks.
	Viewing *homing.Account
	Page    any
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
		Title: title, Network: cmp.Or(v.View.Installation.Name, "homing"), Who: v.Who, Theme: themeOf(v.R), Back: v.back(), Now: v.Present(),
		Bare: bare[name] || v.Who == nil, Page: content, Notice: notices[v.R.URL.Query().Get("done")],
	}
	if v.Who == nil {
		return f
	}
	if a := v.View.Account(v.Who.Account); a != nil {
		f.Belongs = a.Name
	}
	f.Viewing = v.Viewing
	f.Nav = v.nav()
	f.Troubles = v.troubles()
	return f
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
	"saved":        "Saved. It is in force.",
	"created":      "Created.",
	"erased":       "The advertiser is erased. Its calls are answered and ignored from now on; reports follow in a moment.",
	"webhook-off":  "The webhook is taken away, and its key with it.",
	"demo-removed": "The demo advertiser is removed. It is out of all lists in a moment.",
	"status":       "The conversion is changed. Reports follow within a few seconds.",
	"active":       "The campaign is active. Its click URL takes visitors.",
	"paused":       "The campaign is paused. Visitors are not sent on; postbacks for earlier clicks still count.",
	"replayed":     "The call was replayed. This is its entry; the conversion follows in reports within a few seconds.",
	"appended":     "The campaign's URL has the parameter now. Visitors bring the click id to the tracker from the next click on.",
	"senders":      "The permitted senders are saved. They hold from the next call on.",
	"revoked":      "The key is revoked. Postbacks that carry it are refused from now on.",
	"password":     "Your password is changed. Your other sessions have ended.",
	"chosen":       "Your password is saved. Sign in with it and with your second factor.",

	"session-ended":  "The session has ended.",
	"sessions-ended": "All your other sessions have ended.",
	"factor-off":     "The second factor is off. Your password alone opens the door.",
	"factor-reset":   "The second factor is taken away. The person signs in with the password alone, and should set up a new one.",
	"user-disabled":  "The user is disabled and signed out everywhere.",
	"user-enabled":   "The user can sign in again.",
	"masterkey":      "The new master key is made. Make a backup: it belongs into it.",
	"token-revoked":  "The token is revoked. Requests with it are refused from now on.",
}

// troubles stand above an operator's pages.
func (v *Visit) troubles() []string {
	if !v.Who.Operator() {
		return nil
	}
	return v.Troubles()
}
