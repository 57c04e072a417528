package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"homing/internal/engine/warehouse"
	"homing/internal/flow/report"
)

// contract is the OpenAPI document, read by somebody else's program.
type contract struct {
	doc    *openapi3.T
	routes []route
}

var readContract = sync.OnceValues(func() (*contract, error) {
	// Answers must not have fields that the document does not tell.
	text := closedObjects(document(routes()))
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return &contract{doc, routes()}, doc.Validate(context.Background())
})

func contractOf(t *testing.T) *contract {
	t.Helper()
	c, err := readContract()
	if err != nil {
		t.Fatalf("the OpenAPI document: %v", err)
	}
	return c
}

// closedObjects adds additionalProperties: false to every component that says
// nothing of them.
func closedObjects(text []byte) []byte {
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		panic(err)
	}
	for _, s := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
		s := s.(map[string]any)
		if _, ok := s["additionalProperties"]; !ok && s["type"] == "object" {
			s["additionalProperties"] = false
		}
	}
	closed, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return closed
}

// check looks whether an answer is one that the document tells of.
func (c *contract) check(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	if w.Code >= 400 {
		if media != "application/problem+json" {
			t.Errorf("%s %s: %d as %q: %s", r.Method, r.URL, w.Code, media, w.Body)
			return
		}
		response := c.doc.Components.Responses["Problem"].Value
		c.fits(t, r, response.Content[media], w)
		return
	}
	for i := range c.routes {
		route := &c.routes[i]
		if _, ok := route.match(r.URL.EscapedPath()); !ok || route.method != r.Method {
			continue
		}
		op := c.doc.Paths.Value(route.pattern).GetOperation(r.Method)
		response := op.Responses.Value(strconv.Itoa(w.Code))
		if response == nil {
			t.Errorf("%s: an answer %d is not in the document", route.name(), w.Code)
			return
		}
		if w.Body.Len() == 0 && len(response.Value.Content) == 0 {
			return
		}
		of := response.Value.Content[media]
		if of == nil {
			t.Errorf("%s: an answer of type %q is not in the document", route.name(), media)
			return
		}
		if media == "application/json" {
			c.fits(t, r, of, w)
		}
		return
	}
	t.Errorf("%s %s: %d, but there is no such route", r.Method, r.URL, w.Code)
}

func (c *contract) fits(t *testing.T, r *http.Request, of *openapi3.MediaType, w *httptest.ResponseRecorder) {
	t.Helper()
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Errorf("%s %s: no JSON: %v: %s", r.Method, r.URL, err, w.Body)
		return
	}
	if err := of.Schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s %s: the answer is not as the document says: %v\n%s", r.Method, r.URL, err, w.Body)
	}
}

// The document is valid, and has everything that the table has.
func TestOpenAPI(t *testing.T) {
	h := newHouse(t)
	got := h.ask("GET", "/openapi.json", "", "").want(200)
	doc, err := openapi3.NewLoader().LoadFromData(got.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	operations, ids := 0, map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			operations++
			if ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s %s: the id %q stands twice, or there is no summary", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
	if operations != len(routes()) {
		t.Errorf("%d operations for %d routes", operations, len(routes()))
	}
	for _, r := range routes() {
		op := doc.Paths.Value(r.pattern).GetOperation(r.method)
		if (op.Security != nil && len(*op.Security) == 0) != (r.who == anyone) {
			t.Errorf("%s: whether a token is needed is told wrongly", r.name())
		}
		if r.who != anyone && !strings.Contains(op.Description, r.scope.Names()[0]) {
			t.Errorf("%s: %q does not tell the scope", r.name(), op.Description)
		}
	}
	if text := got.Body.String(); regexp.MustCompile(`"\$ref": "#/components/schemas/\W`).MatchString(text) {
		t.Error("a component has no name")
	}
}

// The checks of this file can fail.
func TestTheContractNotices(t *testing.T) {
	c := contractOf(t)
	account := map[string]any{"id": 1, "public_id": "a", "name": "b", "multi_lead": true, "price_min": "1.00", "price_max": "2.00",
		"currency": "EUR", "created": "2026-11-22T12:00:00.000Z"}
	for name, change := range map[string]func(map[string]any){
		"":              func(map[string]any) {},
		"missing field": func(m map[string]any) { delete(m, "name") },
		"unknown field": func(m map[string]any) { m["secret"] = "x" },
		"number money":  func(m map[string]any) { m["price_min"] = 1.5 },
		"null":          func(m map[string]any) { m["name"] = nil },
		"wrong type":    func(m map[string]any) { m["id"] = "1" },
	} {
		wrong := maps.Clone(account)
		change(wrong)
		text, _ := json.Marshal(wrong)
		var v any
		_ = json.Unmarshal(text, &v)
		err := c.doc.Components.Schemas["Account"].Value.VisitJSON(v, openapi3.EnableJSONSchema2020())
		if (err != nil) != (name != "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The document tells of every parameter that is read, and of no other.
func TestParametersAreTold(t *testing.T) {
	names := func(params []param) (names []string) {
		for _, p := range params {
			names = append(names, p.name)
		}
		slices.Sort(names)
		return names
	}
	sorted := func(names []string, more ...string) []string {
		names = append(names, more...)
		slices.Sort(names)
		return names
	}
	if got, want := names(reportParams), sorted(report.QuestionParams(), "format"); !slices.Equal(got, want) {
		t.Errorf("reports: %v, want %v", got, want)
	}
	for _, table := range []warehouse.Table{warehouse.ClickTable, warehouse.PostbackTable, warehouse.ConversionTable} {
		if got, want := names(listParams(table)), sorted(report.ListParams(table), "format"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", table, got, want)
		}
	}
}
