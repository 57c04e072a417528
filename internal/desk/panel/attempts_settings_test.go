package panel

import (
	"fmt"

	"homing"
	"homing/internal/desk/signin"
	"homing/internal/engine/ledger"
)

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		// Somebody of the account, with a second factor, and a token of it.
		u := homing.User{Email: "second@example.com", Role: homing.RoleAdvertiser, Account: w.account.ID, Level: homing.Manager, Password: "x"}
		w.Must(w.Ledger.PutUser(w.Context(), ledger.Actor{Name: "test"}, &u))
		user := "/settings/people/" + u.ID.String()
		tokens := signin.Tokens{People: w.Ledger, Clock: w.Time}
		made, _, err := tokens.Make(w.Context(), "test", signin.NewToken{Name: "etl", Account: w.account.ID, Scopes: homing.ScopeReports})
		w.Must(err)
		wrong := []string{"password", "wrong"}
		return map[string]attempt{
			"GET /settings":                         {"/settings", nil, moved, ok, ok, ok, ok},
			"POST /settings/password":               {"/settings/password", wrong, moved, forbidden, forbidden, forbidden, forbidden},
			"POST /settings/zone":                   {"/settings/zone", []string{"zone", "Nowhere/Land"}, moved, unfit, unfit, unfit, unfit},
			"POST /settings/sessions/end":           {"/settings/sessions/end", nil, moved, moved, moved, moved, moved},
			"POST /settings/sessions/{session}/end": {"/settings/sessions/0123456789abcdef/end", nil, moved, missing, missing, missing, missing},
			"GET /settings/second-factor":           {"/settings/second-factor", nil, moved, ok, ok, ok, ok},
			"POST /settings/second-factor":          {"/settings/second-factor", []string{"code", "123456"}, moved, unfit, unfit, unfit, unfit},
			"GET /settings/second-factor/picture":   {"/settings/second-factor/picture?of=nothing", nil, moved, missing, missing, missing, missing},
			"POST /settings/second-factor/codes":    {"/settings/second-factor/codes", wrong, moved, forbidden, forbidden, forbidden, forbidden},
			"POST /settings/second-factor/download": {"/settings/second-factor/download", []string{"codes", "nothing"}, moved, missing, missing, missing, missing},
			"POST /settings/second-factor/remove":   {"/settings/second-factor/remove", wrong, moved, forbidden, forbidden, forbidden, forbidden},

			"GET /settings/people":                       {"/settings/people?account=" + w.account.ID.String(), nil, moved, missing, forbidden, ok, ok},
			"POST /settings/people":                      {"/settings/people?account=" + w.account.ID.String(), []string{"email", "x"}, moved, missing, forbidden, unfit, unfit},
			"GET /settings/people/{user}":                {user, nil, moved, missing, forbidden, ok, ok},
			"POST /settings/people/{user}":               {user, []string{"do", "save", "level", "god"}, moved, missing, forbidden, unfit, unfit},
			"POST /settings/people/{user}/link":          {user + "/link", nil, moved, missing, forbidden, ok, ok},
			"POST /settings/people/{user}/second-factor": {user + "/second-factor", wrong, moved, missing, forbidden, forbidden, forbidden},

			"GET /settings/tokens":                    {"/settings/tokens", nil, moved, ok, forbidden, ok, ok},
			"POST /settings/tokens":                   {"/settings/tokens", nil, moved, unfit, forbidden, unfit, unfit},
			"POST /settings/tokens/{apitoken}/revoke": {fmt.Sprintf("/settings/tokens/%d/revoke", made.ID), nil, moved, missing, forbidden, moved, moved},

			"GET /settings/installation":  {"/settings/installation", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /settings/installation": {"/settings/installation", []string{"zone", "Nowhere/Land"}, moved, forbidden, forbidden, forbidden, unfit},
		}
	})
}
