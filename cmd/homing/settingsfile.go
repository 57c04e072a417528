package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// settingsFile is the path of a settings file: TOML whose keys are names of
// flags. An unknown key, and a value that the flag would not take, are errors.
type settingsFile string

// fileError names the file, and the key if one is at fault.
type fileError struct {
	path, key string
	err       error
}

func (e *fileError) Error() string {
	if e.key == "" {
		return fmt.Sprintf("%s: %v", e.path, e.err)
	}
	return fmt.Sprintf("%s: %s: %v", e.path, e.key, e.err)
}

func (e *fileError) Unwrap() error { return e.err }

// BeforeResolve reads the file when the flags are known and not yet filled.
func (settingsFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	if !slices.Contains(ctx.Flags(), trace.Flag) {
		return nil // of another command, filled from the environment
	}
	path := string(ctx.FlagValue(trace.Flag).(settingsFile))
	if path == "" {
		return nil
	}
	var values map[string]any
	if _, err := toml.DecodeFile(path, &values); err != nil {
		var missing *os.PathError
		if errors.As(err, &missing) {
			err = missing.Err
		}
		return &fileError{path: path, err: err}
	}
	f := fileSettings{}
	for key, value := range values {
		text, err := settingText(ctx, key, value)
		if err != nil {
			return &fileError{path, key, err}
		}
		f[key] = text
	}
	ctx.AddResolver(f)
	return nil
}

// settingText checks a value of the file and writes it as the flag takes it.
func settingText(ctx *kong.Context, key string, value any) (string, error) {
	flags := ctx.Flags()
	i := slices.IndexFunc(flags, func(f *kong.Flag) bool { return f.Name == key && isSetting(f) })
	if i < 0 {
		return "", fmt.Errorf("there is no such setting%s", nearest(key, flags))
	}
	flag := flags[i]
	text, err := textOf(value, flag.Target.Type())
	if err != nil {
		return "", err
	}
	try := reflect.New(flag.Target.Type()).Elem()
	token := kong.Token{Type: kong.FlagValueToken, Value: text}
	if err := flag.Parse(kong.ScanFromTokens(token), try); err != nil {
		return "", errors.New(strings.TrimPrefix(err.Error(), flag.ShortSummary()+": "))
	}
	if flag.Enum != "" && !slices.Contains(flag.EnumSlice(), text) {
		return "", fmt.Errorf("want one of %s, not %q", strings.Join(flag.EnumSlice(), ", "), text)
	}
	return text, nil
}

// textOf writes a TOML value of the type that a setting wants.
func textOf(value any, want reflect.Type) (string, error) {
	if want.Kind() == reflect.Slice {
		if list, ok := value.([]any); ok {
			var texts []string
			for _, v := range list {
				text, err := textOf(v, want.Elem())
				if err != nil {
					return "", err
				}
				texts = append(texts, text)
			}
			return kong.JoinEscaped(texts, ','), nil
		}
	}
	expected := "a string"
	switch v := value.(type) {
	case int64:
		if want.Kind() == reflect.Int || want.Kind() == reflect.Int64 && want != reflect.TypeFor[time.Duration]() {
			return fmt.Sprint(v), nil
		}
	case bool:
		if want.Kind() == reflect.Bool {
			return fmt.Sprint(v), nil
		}
	case string:
		switch want.Kind() {
		case reflect.Bool, reflect.Int:
		case reflect.Int64:
			if want == reflect.TypeFor[time.Duration]() {
				return v, nil
			}
		default:
			return v, nil
		}
	}
	switch {
	case want == reflect.TypeFor[time.Duration]():
		expected = `a length of time in quotes, such as "8s"`
	case want.Kind() == reflect.Int, want.Kind() == reflect.Int64:
		expected = "a whole number without quotes"
	case want.Kind() == reflect.Bool:
		expected = "true or false without quotes"
	case want.Kind() == reflect.Slice:
		expected = `a list such as ["a", "b"]`
	}
	return "", fmt.Errorf("want %s", expected)
}

// nearest suggests a key for one that is not known.
func nearest(key string, flags []*kong.Flag) string {
	plain := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(key))
	for _, f := range flags {
		if isSetting(f) && (f.Name == plain || strings.HasPrefix(f.Name, plain) || strings.HasPrefix(plain, f.Name)) {
			return fmt.Sprintf("; did you mean %s?", f.Name)
		}
	}
	return ""
}

// fileSettings are the values of a file, checked. They fill what neither a flag
// nor an environment variable gave.
type fileSettings map[string]string

// Validate has nothing left to do.
func (f fileSettings) Validate(*kong.Application) error { return nil }

// Resolve gives a flag its value.
func (f fileSettings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	text, ok := f[flag.Name]
	if !ok || !isSetting(flag) || fromEnvironment(flag) {
		return nil, nil
	}
	return text, nil
}
