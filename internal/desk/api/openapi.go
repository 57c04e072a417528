package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"homing/internal/flow/amend"
)

// document writes the OpenAPI 3.1 document of the routes. Nothing in it is
// written by hand that the table or a Go type could tell.
func document(routes []route) []byte {
	s := newSchemas()
	paths := schema{}
	for i := range routes {
		r := &routes[i]
		path, ok := paths[r.pattern].(schema)
		if !ok {
			path = schema{}
			if names := pathParams(r.pattern); len(names) > 0 {
				path["parameters"] = names
			}
			paths[r.pattern] = path
		}
		path[strings.ToLower(r.method)] = s.operation(r)
	}
	text, err := json.MarshalIndent(schema{
		"openapi": "3.1.0",
		"info": schema{
			"title": "homing", "version": "1",
			"description": "Reports, lists, the feed of conversions and the settings of homing. Money is decimal strings, times are RFC 3339 in UTC. Every error is an application/problem+json. Unknown fields may be added to answers.",
		},
		"servers":  []schema{{"url": prefix}},
		"security": []schema{{"token": []string{}}},
		"paths":    paths,
		"components": schema{
			"securitySchemes": schema{"token": schema{"type": "http", "scheme": "bearer", "description": "Made by homing token create; hmg_ and 40 letters and digits."}},
			"responses":       schema{"Problem": s.problem()},
			"schemas":         s.components,
		},
	}, "", " ")
	if err != nil {
		panic("api: the OpenAPI document cannot be written: " + err.Error()) // maps of ours
	}
	return append(text, '\n')
}

func (s *schemas) operation(r *route) schema {
	answers := schema{"default": schema{"$ref": "#/components/responses/Problem"}}
	for _, a := range r.answers {
		answers[strconv.Itoa(a.status)] = s.response(&a)
	}
	op := schema{"operationId": r.id, "summary": r.summary, "responses": answers}
	if about := strings.TrimSpace(r.about + needs(r)); about != "" {
		op["description"] = about
	}
	if r.who == anyone {
		op["security"] = []schema{}
	}
	if r.body != nil {
		op["requestBody"] = schema{"content": s.requestBody(r.body)}
	}
	var params []schema
	for _, p := range r.params {
		of := schema{"name": p.name, "in": "query", "description": p.about, "schema": p.schema}
		if p.many {
			of["schema"], of["explode"] = schema{"type": "array", "items": p.schema}, true
		}
		params = append(params, of)
	}
	if params != nil {
		op["parameters"] = params
	}
	return op
}

// needs tells what the token must be.
func needs(r *route) string {
	if r.who == anyone {
		return " No token is needed."
	}
	told := " Scope: " + strings.Join(r.scope.Names(), ", ") + "."
	if r.who == operators {
		told += " Not for tokens of one account."
	}
	return told
}

func (s *schemas) response(a *answer) schema {
	told := schema{"description": a.about}
	if a.body == nil {
		return told
	}
	content := schema{"application/json": schema{"schema": s.of(a.body)}}
	for _, media := range a.files {
		media, _, _ = strings.Cut(media, ";")
		content[media] = schema{}
	}
	told["content"] = content
	return told
}

func (s *schemas) problem() schema {
	return schema{"description": "What went wrong (RFC 9457).", "content": schema{"application/problem+json": schema{"schema": s.of(Problem{})}}}
}

// requestBody is what may be sent: an object; or a list, also as an object a
// line.
func (s *schemas) requestBody(body any) schema {
	t := reflect.TypeOf(body)
	if t.Kind() != reflect.Slice {
		return schema{"application/json": schema{"schema": s.closed(body)}}
	}
	one := s.closed(reflect.Zero(t.Elem()).Interface())
	return schema{
		"application/json": schema{"schema": schema{"type": "array", "items": one, "minItems": 1, "maxItems": amend.MaxLines}},
		ndjson:             schema{"schema": one},
	}
}

// closed is the schema of a body: fields that it does not know are refused.
func (s *schemas) closed(body any) schema {
	of := s.of(body)
	name := of["$ref"].(string)
	s.components[name[strings.LastIndex(name, "/")+1:]]["additionalProperties"] = false
	return of
}

// pathParams are the names in a pattern.
func pathParams(pattern string) (params []schema) {
	about := map[string]string{
		"account":    "The account's ref; of one without a ref its public_id.",
		"campaign":   "The campaign's ref; of one without a ref its slug.",
		"key":        "The key's name.",
		"click_id":   "The click's id, 40 of 0-9 and a-f.",
		"conversion": "The conversion's number, its id.",
	}
	for segment := range strings.SplitSeq(pattern, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			params = append(params, schema{"name": name, "in": "path", "required": true, "description": about[name], "schema": text})
		}
	}
	return slices.Clip(params)
}

func showOpenAPI(c *call) error {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = c.w.Write(c.api.openapi) // fails if the client has gone
	return nil
}
