package page

import "strconv"

// Paging tells which entries of a list a page shows, and leads to those before
// and behind; the part "pager" shows it.
type Paging struct {
	First, Last    int // from 1; 0 of an empty list
	All            int
	Noun           string // of one: "campaign"
	Previous, Next string // empty = there is none
}

// Cut leaves the page of a list that ?page= asks for, of each entries. A number
// that there is no page for gives the nearest one. path is where the list stands;
// what else the URL asks for goes on.
func Cut[T any](v *Visit, path string, list []T, each int, noun string) ([]T, Paging) {
	pages := max(1, (len(list)+each-1)/each)
	at, err := strconv.Atoi(v.R.URL.Query().Get("page"))
	if err != nil {
		at = 1
	}
	at = max(1, min(at, pages))
	first, last := (at-1)*each, min(len(list), at*each)
	p := Paging{First: min(first+1, len(list)), Last: last, All: len(list), Noun: noun}
	to := func(at int) string {
		q := v.R.URL.Query()
		q.Del("done")
		q.Set("page", strconv.Itoa(at))
		return path + "?" + q.Encode()
	}
	if at > 1 {
		p.Previous = to(at - 1)
	}
	if at < pages {
		p.Next = to(at + 1)
	}
	return list[first:last], p
}

// Several tells that the list does not fit one page.
func (p Paging) Several() bool { return p.Previous != "" || p.Next != "" }
