package page

import (
	"fmt"
	"net/http"

	"homing"
)

// themeCookie holds a choice of colours; without it the system's counts. It is
// no secret, and is the only cookie beside the session's.
const themeCookie = "homing-theme"

// themeOf is "light", "dark", or nothing: as the system.
func themeOf(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

func setTheme(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	c := &http.Cookie{Name: themeCookie, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	switch theme := f.Get("theme"); theme {
	case "light", "dark":
		c.Value = theme
	case "system":
		c.MaxAge = -1
	default:
		return fmt.Errorf("%w theme: want light, dark or system", homing.ErrInvalid)
	}
	http.SetCookie(v.W, c)
	back := f.Get("back")
	if !LocalPath(back) {
		back = "/"
	}
	return v.See(back)
}
