package api

import (
	"strings"
	"testing"
	"time"

	"homing"
	"homing/internal/desk/signin"
)

// attempt is a route tried with every sort of token. The path names things of
// account "mine".
type attempt struct {
	path, body string
	// What is answered to: the operator's token, one of account mine, one of
	// account theirs.
	operator, own, other int
	// leaks: the answer to another account's token is 200 and must be without
	// mine's things.
	leaks bool
}

// attempts has a case for every route.
func attempts(click string) map[string]attempt {
	return map[string]attempt{
		"GET /openapi.json":                            {path: "/openapi.json", operator: 200, own: 200, other: 200},
		"GET /reports":                                 {path: "/reports?by=campaign", operator: 200, own: 200, other: 200, leaks: true},
		"GET /clicks":                                  {path: "/clicks", operator: 200, own: 200, other: 200, leaks: true},
		"GET /clicks/{click_id}":                       {path: "/clicks/" + click, operator: 200, own: 200, other: 404},
		"GET /postbacks":                               {path: "/postbacks", operator: 200, own: 200, other: 200, leaks: true},
		"GET /conversions":                             {path: "/conversions", operator: 200, own: 200, other: 200, leaks: true},
		"GET /conversions/search":                      {path: "/conversions/search", operator: 200, own: 200, other: 200, leaks: true},
		"PATCH /conversions/{conversion}":              {path: "/conversions/1", body: `{"status":"approved"}`, operator: 200, own: 403, other: 404},
		"POST /conversions/changes":                    {path: "/conversions/changes", body: `[{"id":1,"status":"approved"}]`, operator: 200, own: 403, other: 403},
		"GET /accounts":                                {path: "/accounts", operator: 200, own: 200, other: 200, leaks: true},
		"GET /accounts/{account}":                      {path: "/accounts/mine", operator: 200, own: 200, other: 404},
		"PUT /accounts/{account}":                      {path: "/accounts/mine", body: `{"name":"Account mine"}`, operator: 200, own: 403, other: 404},
		"GET /accounts/{account}/keys":                 {path: "/accounts/mine/keys", operator: 200, own: 200, other: 404},
		"GET /accounts/{account}/keys/{key}":           {path: "/accounts/mine/keys/main", operator: 200, own: 200, other: 404},
		"PUT /accounts/{account}/keys/{key}":           {path: "/accounts/mine/keys/main", operator: 200, own: 200, other: 404},
		"DELETE /accounts/{account}/keys/{key}":        {path: "/accounts/mine/keys/old", operator: 204, own: 204, other: 404},
		"GET /accounts/{account}/campaigns":            {path: "/accounts/mine/campaigns", operator: 200, own: 200, other: 404},
		"GET /accounts/{account}/campaigns/{campaign}": {path: "/accounts/mine/campaigns/spring", operator: 200, own: 200, other: 404},
		"PUT /accounts/{account}/campaigns/{campaign}": {path: "/accounts/mine/campaigns/spring", body: `{"name":"Spring mine"}`, operator: 200, own: 403, other: 404},
		"POST /erasures":                               {path: "/erasures", body: `{}`, operator: 400, own: 403, other: 403},
	}
}

func TestEveryRouteIsTriedWithEveryToken(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.account("mine"), h.account("theirs")
	operator := h.token(0, homing.AllScopes)
	h.put(operator, "/accounts/mine/keys/main", "").want(201)
	h.put(operator, "/accounts/mine/keys/old", "").want(201)
	click := h.click(mine)
	h.convert(mine, click, "lead-of-mine")
	h.loadConversion(click)

	revoked, text, err := h.tokens.Make(t.Context(), "test", signin.NewToken{Name: "revoked", Scopes: homing.AllScopes})
	h.must(err)
	_, err = h.tokens.Revoke(t.Context(), "test", revoked.ID)
	h.must(err)
	_, expired, err := h.tokens.Make(t.Context(), "test", signin.NewToken{Name: "expired", Scopes: homing.AllScopes, Expires: homing.MillisOf(h.now()) + 1000})
	h.must(err)
	h.pass(time.Second)
	own, other := h.token(mine.ID, homing.AllScopes), h.token(theirs.ID, homing.AllScopes)

	cases := attempts(h.clickID(click))
	for _, r := range routes() {
		a, there := cases[r.name()]
		if !there {
			t.Errorf("%s has no authorization case: say in attempts() what each sort of token is answered", r.name())
			continue
		}
		try := func(token string) *said { t.Helper(); return h.ask(r.method, a.path, token, a.body) }
		if r.who != anyone {
			if got := try("").problem(401, "no-token"); !strings.Contains(got.Detail, "Bearer") {
				t.Errorf("%s: %q", r.name(), got.Detail)
			}
			for _, bad := range []string{text.Reveal(), expired.Reveal(), signin.BearerPrefix + strings.Repeat("x", 40), "hmg_", "nonsense"} {
				try(bad).problem(401, "invalid-token")
				h.pass(time.Minute) // tries come back
			}
			for bit := homing.Scopes(1); bit <= homing.AllScopes; bit <<= 1 {
				if r.scope.Has(bit) {
					try(h.token(0, homing.AllScopes&^bit)).problem(403, "insufficient-scope")
				}
			}
			if r.scope == 0 {
				t.Errorf("%s asks for no scope", r.name())
			}
		}
		for token, want := range map[string]int{operator: a.operator, own: a.own, other: a.other} {
			answer := try(token).want(want)
			if token != other || want != 200 && want < 400 {
				continue
			}
			for _, secret := range []string{"Account mine", "Spring mine", "lead-of-mine", mine.PublicID, h.clickID(click)} {
				if strings.Contains(answer.Body.String(), secret) {
					t.Errorf("%s tells another account %q: %s", r.name(), secret, answer.Body)
				}
			}
		}
		if got := try(own); a.leaks && !strings.Contains(got.Body.String(), "mine") {
			t.Errorf("%s: the own things are not shown, so nothing was tried: %s", r.name(), got.Body)
		}
	}
	if len(cases) != len(routes()) {
		t.Errorf("there are %d authorization cases for %d routes", len(cases), len(routes()))
	}
}

// What a path names is looked up and checked by the router.
func TestEveryNameInAPatternIsChecked(t *testing.T) {
	for _, r := range routes() {
		for segment := range strings.SplitSeq(r.pattern, "/") {
			name, isName := strings.CutPrefix(strings.TrimSuffix(segment, "}"), "{")
			if isName && (named[name] == nil || r.who == anyone) {
				t.Errorf("%s: nobody checks whose %s it is", r.name(), name)
			}
			if (name == "key" || name == "campaign") && !strings.Contains(r.pattern, "{account}") {
				t.Errorf("%s: a %s without an account", r.name(), name)
			}
		}
	}
}

// A foreign thing and one that does not exist are answered alike.
func TestForeignThingsDoNotExist(t *testing.T) {
	h := newHouse(t)
	mine := h.account("mine")
	h.account("theirs")
	token := h.token(mine.ID, homing.AllScopes)
	for _, c := range []struct{ method, foreign, nothing string }{
		{"GET", "/accounts/theirs", "/accounts/nobody"},
		{"PUT", "/accounts/theirs", "/accounts/nobody"},
		{"PUT", "/accounts/theirs/campaigns/spring", "/accounts/nobody/campaigns/spring"},
		{"PUT", "/accounts/theirs/campaigns/new", "/accounts/nobody/campaigns/new"},
		{"PUT", "/accounts/theirs/keys/new", "/accounts/nobody/keys/new"},
		{"GET", "/accounts/theirs/keys", "/accounts/nobody/keys"},
	} {
		a, b := h.ask(c.method, c.foreign, token, ""), h.ask(c.method, c.nothing, token, "")
		if a.problem(404, "not-found"); a.Body.String() != b.Body.String() || b.Code != 404 {
			t.Errorf("%s: %s, and %s", c.method, a.Body, b.Body)
		}
	}
}

func TestTokens(t *testing.T) {
	h := newHouse(t)
	for _, bad := range []signin.NewToken{
		{Scopes: homing.ScopeReports}, {Name: "x"}, {Name: "x\ny", Scopes: homing.ScopeReports}, {Name: "x", Scopes: 1 << 15},
		{Name: "x", Scopes: homing.ScopeReports, Expires: 1}, {Name: strings.Repeat("x", 201), Scopes: homing.ScopeReports},
	} {
		if _, _, err := h.tokens.Make(t.Context(), "test", bad); err == nil {
			t.Errorf("%+v was made", bad)
		}
	}
	token := h.token(0, homing.ScopeSettings)
	if !strings.HasPrefix(token, "hmg_") || len(token) != 44 {
		t.Errorf("token %q", token)
	}
	used := func() homing.Millis {
		all, err := h.tokens.List(t.Context())
		h.must(err)
		return all[0].Used
	}
	h.get(token, "/accounts").want(200)
	first := used()
	h.pass(59 * time.Second)
	h.get(token, "/accounts").want(200)
	if used() != first || first != homing.MillisOf(noon) {
		t.Errorf("used %v, then %v", first, used())
	}
	h.pass(time.Second)
	h.get(token, "/accounts").want(200)
	if used() != homing.MillisOf(noon)+60_000 {
		t.Errorf("after a minute: %v", used())
	}
	for _, header := range []string{token, "bearer " + token, "Bearer  " + token, "Basic " + token, "Bearer " + token + " ", "Bearer " + token + "," + token} {
		want := 401
		if strings.HasPrefix(header, "bearer ") || strings.HasPrefix(header, "Bearer  ") {
			want = 200
		}
		if got := h.ask("GET", "/accounts", "", "", "Authorization: "+header); got.Code != want || got.Code == 401 && got.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d %v", strings.ReplaceAll(header, token, "…"), got.Code, got.Header())
		}
	}
	h.ask("GET", "/accounts?token="+token, "", "").problem(401, "no-token")
}

// Too many wrong tokens are answered 429; a good one from the same address is
// not, and other addresses are not.
func TestWrongTokensAreBounded(t *testing.T) {
	h := newHouse(t)
	good := h.token(0, homing.AllScopes)
	wrong := signin.BearerPrefix + strings.Repeat("x", 40)
	last := 0
	for range 40 {
		last = h.get(wrong, "/accounts").Code
	}
	if last != 429 {
		t.Fatalf("after 40 wrong tokens: %d", last)
	}
	if got := h.get(wrong, "/accounts"); got.problem(429, "too-many-tries").Status != 429 || got.Header().Get("Retry-After") == "" {
		t.Errorf("%v", got.Header())
	}
	h.get(good, "/accounts").want(200)
	h.ask("GET", "/accounts", wrong, "", "X-Forwarded-For: 203.0.113.77").want(429) // nobody trusts that
	h.pass(time.Hour)
	h.get(wrong, "/accounts").want(401)
}
