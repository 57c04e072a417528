package api

import (
	"fmt"
	"strings"
	"testing"

	"homing"
)

// changing is a house with conversions 1 to n of account mine.
func changing(t *testing.T, n int) (h *house, mine *homing.Account, token string) {
	h = newHouse(t)
	mine = h.account("mine")
	for range n {
		h.convert(mine, h.click(mine), "")
	}
	return h, mine, h.token(0, homing.ScopeConversionsWrite|homing.ScopeConversions)
}

func (h *house) patch(token, path, body string) *said {
	h.t.Helper()
	return h.ask("PATCH", path, token, body)
}

func TestAConversionIsChanged(t *testing.T) {
	h, _, token := changing(t, 1)
	got := into[Conversion](h.patch(token, "/conversions/1", `{"status":"rejected","reason":"returned","from":"approved"}`).want(200))
	if got.Status != homing.Rejected || got.ID != 1 {
		t.Errorf("%+v", got)
	}
	h.patch(token, "/conversions/1", `{"status":"rejected","reason":"again"}`).want(200) // repeating it changes nothing
	h.patch(token, "/conversions/1", `{"status":"rejected","from":"approved"}`).want(200)
	if p := h.patch(token, "/conversions/1", `{"status":"pending","from":"approved"}`).problem(409, "conflict"); p.Detail != "It is rejected, not approved." {
		t.Errorf("%+v", p)
	}
	feed := into[Feed](h.get(token, "/conversions").want(200))
	if len(feed.Rows) != 2 || feed.Rows[1].Change.To != homing.Rejected || feed.Rows[1].Change.Reason != "returned" || feed.Rows[1].Change.Actor != "token" {
		t.Errorf("%+v", feed.Rows)
	}
	for body, field := range map[string]string{
		`{}`: "status", `{"status":"late"}`: "status", `{"status":"gone"}`: "status", `{"status":"approved","reason":"a\nb"}`: "reason",
		`{"status":"approved","from":null}`: "from", `{"status":"approved","Reason":"x"}`: "Reason",
		`{"status":"approved","reason":"` + strings.Repeat("x", 501) + `"}`: "reason",
	} {
		if p := h.patch(token, "/conversions/1", body).problem(400, "invalid"); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: %+v", body, p)
		}
	}
	for _, path := range []string{"/conversions/2", "/conversions/0", "/conversions/01", "/conversions/x", "/conversions/search", "/conversions/99999999999999999999"} {
		h.patch(token, path, `{"status":"approved"}`).problem(404, "not-found")
	}
}

func TestManyAreChanged(t *testing.T) {
	h, mine, token := changing(t, 4)
	both := h.click(mine)
	h.convert(mine, both, "a")
	h.convert(mine, both, "b")
	id := h.clickID(both)
	const path = "/conversions/changes"
	list := `[{"id":1,"status":"rejected","reason":"one"},{"id":2,"status":"approved"},{"id":3,"status":"late"},{"id":77,"status":"rejected"},
		{"click_id":"` + id + `","lead_code":"b","status":"pending"},{"click_id":"` + id + `","status":"pending"},{"status":"pending"},{"id":4,"status":"nothing"},
		{"id":4,"status":"rejected","from":"pending"},{"click_id":"x","status":"pending"},{"id":"4"}]`
	dry := into[Changes](h.ask("POST", path+"?dry_run=true", token, list).want(200))
	if !dry.DryRun || fmt.Sprint(dry.Counts) != "map[overtaken:1 ready:2 refused:7 unchanged:1]" || dry.Rows[0].Result.String() != "ready" {
		t.Errorf("%+v", dry)
	}
	if feed := into[Feed](h.get(token, "/conversions").want(200)); len(feed.Rows) != 6 {
		t.Errorf("the dry run changed something: %d", len(feed.Rows))
	}
	done := into[Changes](h.ask("POST", path, token, list).want(200))
	if done.DryRun || fmt.Sprint(done.Counts) != "map[changed:2 overtaken:1 refused:7 unchanged:1]" {
		t.Errorf("%+v", done)
	}
	if row := done.Rows[4]; row.ID != 6 || row.ClickID != id || *row.From != homing.Approved || *row.To != homing.Pending || row.Line != 5 {
		t.Errorf("%+v", row)
	}
	for i, want := range []string{"", "It is approved already.", "Nothing can be made late", "There is no conversion 77.", "", "The click has 2 conversions",
		"names no conversion", "status: ", "It is approved, not pending.", "click_id: want 40", "id: want a number, not a text"} {
		if got := done.Rows[i].Problem; !strings.HasPrefix(got, want) && !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("line %d: %q, want %q", i+1, got, want)
		}
	}
	lines := h.ask("POST", path, token, "{\"id\":1,\"status\":\"approved\"}\n\n{broken\n{\"id\":2,\"status\":\"pending\"}\n", "Content-Type: application/x-ndjson").want(200)
	if told := into[Changes](lines); fmt.Sprint(told.Counts) != "map[changed:2 refused:1]" {
		t.Errorf("%+v", told)
	}
	for body, status := range map[string]int{"": 415, "[]": 400, "[1": 400, "  ": 400, strings.Repeat(`{"id":1,"status":"approved"}`+"\n", 10_001): 400, strings.Repeat("x", 4<<20+1): 413} {
		if got := h.ask("POST", path, token, body).Code; got != status {
			t.Errorf("%.20q: %d, want %d", body, got, status)
		}
	}
	h.ask("POST", path+"?dry_run=yes", token, list).problem(400, "invalid")
	h.ask("POST", path+"?dry=true", token, list).problem(400, "invalid")
}

// A token of an account never changes a status, whatever its scopes.
func TestAdvertisersChangeNothing(t *testing.T) {
	h, mine, _ := changing(t, 1)
	theirs := h.account("theirs")
	own, other := h.token(mine.ID, homing.AllScopes), h.token(theirs.ID, homing.AllScopes)
	h.patch(own, "/conversions/1", `{"status":"rejected"}`).problem(403, "operator-only")
	h.patch(other, "/conversions/1", `{"status":"rejected"}`).problem(404, "not-found")
	h.ask("POST", "/conversions/changes", own, `[{"id":1,"status":"rejected"}]`).problem(403, "operator-only")
	if feed := into[Feed](h.get(own, "/conversions").want(200)); len(feed.Rows) != 1 {
		t.Errorf("%+v", feed.Rows)
	}
}
