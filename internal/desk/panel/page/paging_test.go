package page

import (
	"net/http/httptest"
	"testing"
)

func TestAListIsGoneThroughPageByPage(t *testing.T) {
	var list []int
	for i := range 120 {
		list = append(list, i)
	}
	for _, c := range []struct {
		query          string
		first, last    int
		previous, next string
	}{
		{"", 1, 50, "", "/list?page=2"},
		{"?account=3&page=2&done=saved", 51, 100, "/list?account=3&page=1", "/list?account=3&page=3"},
		{"?page=3", 101, 120, "/list?page=2", ""},
		{"?page=99999", 101, 120, "/list?page=2", ""},
		{"?page=-1", 1, 50, "", "/list?page=2"},
		{"?page=x", 1, 50, "", "/list?page=2"},
		{"?page=99999999999999999999", 1, 50, "", "/list?page=2"},
	} {
		v := &Visit{R: httptest.NewRequest("GET", "/list"+c.query, nil)}
		part, p := Cut(v, "/list", list, 50, "number")
		if p.First != c.first || p.Last != c.last || p.All != 120 || p.Previous != c.previous || p.Next != c.next || part[0] != c.first-1 || len(part) != c.last-c.first+1 {
			t.Errorf("%s: %+v, %d from %d on", c.query, p, len(part), part[0])
		}
	}
	v := &Visit{R: httptest.NewRequest("GET", "/list?page=7", nil)}
	if part, p := Cut(v, "/list", list[:0], 50, "number"); len(part) != 0 || p != (Paging{Noun: "number"}) || p.Several() {
		t.Errorf("of nothing: %v %+v", part, p)
	}
}
