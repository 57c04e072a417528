package api

import (
	"reflect"
	"strings"

	"homing"
	"homing/internal/flow/amend"
	"homing/internal/flow/report"
)

// schema is a JSON Schema (2020-12), as OpenAPI 3.1 has it.
type schema map[string]any

// schemas works out the schemas of Go types. Structs become components; what
// stands in known is written as it says.
type schemas struct {
	components map[string]schema
	known      map[reflect.Type]schema
}

const (
	decimal = `^-?[0-9]+\.[0-9]{2,6}$`
	moment  = "date-time"
)

func newSchemas() *schemas {
	enum := func(names ...string) schema { return schema{"type": "string", "enum": names} }
	return &schemas{components: map[string]schema{}, known: map[reflect.Type]schema{
		reflect.TypeFor[homing.Money]():          {"type": "string", "pattern": decimal, "description": "a decimal"},
		reflect.TypeFor[homing.Value]():          {"type": []string{"string", "null"}, "pattern": decimal, "description": "a decimal; null = none was told, which is not 0"},
		reflect.TypeFor[homing.ClickID]():        {"type": "string", "pattern": "^[0-9a-f]{40}$"},
		reflect.TypeFor[homing.RequestID]():      {"type": "string", "pattern": "^[0-9a-f]{24}$"},
		reflect.TypeFor[homing.Status]():         enum("pending", "approved", "rejected", "late"),
		reflect.TypeFor[homing.Outcome]():        enum("counted", "duplicate", "late", "ignored", "refused"),
		reflect.TypeFor[homing.ClickClass]():     enum("billable", "bot", "preview", "prefetch", "head", "test"),
		reflect.TypeFor[homing.CampaignStatus](): enum("active", "paused"),
		reflect.TypeFor[amend.Result]():          resultSchema(),
		reflect.TypeFor[homing.Reason]():         {"type": "string", "description": "see reasons.md"},
		reflect.TypeFor[report.Moment]():         {"type": []string{"string", "null"}, "format": moment},
		reflect.TypeFor[report.Table]():          tableSchema(),
	}}
}

// resultSchema is that of what becomes of a change.
func resultSchema() schema {
	var names []string
	for _, r := range amend.Results() {
		names = append(names, r.String())
	}
	return schema{"type": "string", "enum": names, "description": "ready: a dry run would change it; overtaken: somebody else changed it meanwhile"}
}

// of is the schema of a value's type, which is a reference if it is a struct.
func (s *schemas) of(v any) schema { return s.ofType(reflect.TypeOf(v)) }

func (s *schemas) ofType(t reflect.Type) schema {
	if known, ok := s.known[t]; ok {
		return known
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.ofType(t.Elem())
	case reflect.Struct:
		return s.component(t)
	case reflect.Slice:
		return schema{"type": "array", "items": s.ofType(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return schema{"type": "object"}
		}
		return schema{"type": "object", "additionalProperties": s.ofType(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64, reflect.Uint16:
		return schema{"type": "integer"}
	}
	panic("api: no schema for " + t.String())
}

func (s *schemas) component(t reflect.Type) schema {
	name := componentName(t)
	if _, ok := s.components[name]; !ok {
		s.components[name] = schema{} // ends a circle
		s.components[name] = s.object(t)
	}
	return schema{"$ref": "#/components/schemas/" + name}
}

// componentName is the type's name; of Page[homing/…/report.Click] PageClick.
func componentName(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return exported(t, name)
	}
	of = strings.TrimSuffix(of, "]")
	inner := of[strings.LastIndex(of, ".")+1:]
	if strings.Contains(of, "/report.") {
		inner = "Logged" + inner
	}
	return name + inner
}

// exported tells the rows of lists from the ledger's words of the same name.
func exported(t reflect.Type, name string) string {
	if strings.HasSuffix(t.PkgPath(), "/report") && name != "Fault" {
		return "Logged" + name
	}
	return name
}

func (s *schemas) object(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	s.fields(t, properties, &required)
	object := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		object["required"] = required
	}
	return object
}

// fields adds a struct's fields as encoding/json sees them. Those that may be
// left out are not required; pointers that may not be are null.
func (s *schemas) fields(t reflect.Type, properties schema, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			s.fields(f.Type, properties, required)
			continue
		}
		if tag == "-" || !f.IsExported() {
			continue
		}
		optional := strings.Contains(options, "omitempty")
		of := s.ofType(f.Type)
		if format := textFormat(tag); format != "" && f.Type.Kind() == reflect.String {
			of = schema{"type": "string", "format": format}
		}
		if f.Type.Kind() == reflect.Pointer && !optional {
			of = schema{"anyOf": []schema{of, {"type": "null"}}}
		}
		properties[tag] = of
		if !optional {
			*required = append(*required, tag)
		}
	}
}

// textFormat is the format of a text by its field's name.
func textFormat(field string) string {
	switch field {
	case "at", "click_at", "created", "expires", "revoked", "last_used", "erased":
		return moment
	}
	return ""
}

// tableSchema is that of a report's table, which writes itself.
func tableSchema() schema {
	line := schema{"type": "object", "description": "a cell for each column, under its name",
		"additionalProperties": schema{"type": []string{"string", "integer", "boolean", "null"}}}
	names := schema{"type": "array", "items": text}
	when := schema{"type": []string{"string", "null"}, "format": moment}
	return schema{
		"type": "object",
		"properties": schema{
			"from": when, "to": when, "tz": text, "basis": schema{"type": "string", "enum": []string{"conversion", "click"}},
			"by": names, "metrics": names, "as_of": when,
			"currency": schema{"type": []string{"string", "null"}, "description": "of all amounts; none if they are of several"},
			"columns": schema{"type": "array", "items": schema{"type": "object", "required": []string{"name", "title", "kind"}, "properties": schema{
				"name": text, "title": text, "kind": text, "key": schema{"type": "boolean"}, "part": text,
			}}},
			"rows": schema{"type": "array", "items": line}, "totals": line, "rest": line, "notes": names,
		},
		"required": []string{"from", "to", "tz", "basis", "by", "metrics", "columns", "rows", "totals", "as_of"},
	}
}
