package main

import (
	"strings"
	"testing"

	"homing/internal/desk/control"
)

func TestUnknownEnvironment(t *testing.T) {
	for name, says := range map[string]string{
		"HOMING_BOGUS":         "environment variable HOMING_BOGUS: there is no such setting\n",
		"HOMING_TRUSTED_PROXY": "there is no such setting; did you mean HOMING_TRUSTED_PROXIES?",
		"HOMING_TRAK_LISTEN":   "did you mean HOMING_TRACK_LISTEN?",
		"HOMING_DATADIR":       "did you mean HOMING_DATA_DIR?",
		"HOMING_FORMAT":        "there is no such setting",
		"HOMING_NAME":          "there is no such setting",
		"HOMING_PORT":          "there is no such setting",
	} {
		t.Run(name, func(t *testing.T) {
			const value = "do-not-tell"
			t.Setenv(name, value)
			for _, args := range []string{"serve", "account list", "config print"} {
				s := open(t, map[string]any{"GET /v1/accounts": []control.Account{}})
				code := s.run(strings.Fields(args)...)
				got := s.err.String()
				if code != 2 || !strings.Contains(got, name+": ") || !strings.Contains(got, says) || strings.Contains(got, value) || strings.Count(got, "\n") != 1 {
					t.Errorf("homing %s: exit status %d: %s\twant %s", args, code, got, says)
				}
				if len(s.asked) > 0 || s.served.TrackListen != "" {
					t.Errorf("homing %s was carried out", args)
				}
			}
			s := open(t, nil)
			if code := s.run("--help"); code != 0 {
				t.Errorf("--help: exit status %d", code)
			}
		})
	}
}

func TestKnownEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"HOMING_DATA_DIR": "/elsewhere", "HOMING_TRUSTED_PROXIES": "10.0.0.0/8", "HOMING_METRICS_TOKEN": "x", "HOMING_LOG_LEVEL": "info",
		// Of Kubernetes, where a service is called homing or homing-desk.
		"HOMING_SERVICE_HOST": "10.0.0.1", "HOMING_SERVICE_PORT": "8080", "HOMING_SERVICE_PORT_HTTPS": "8443", "HOMING_PORT": "tcp://10.0.0.1:8080",
		"HOMING_PORT_8080_TCP": "tcp://10.0.0.1:8080", "HOMING_PORT_8080_TCP_PROTO": "tcp", "HOMING_DESK_SERVICE_HOST": "10.0.0.2",
		"HOMING_DESK_PORT_8081_TCP_ADDR": "10.0.0.2",
		// Nobody's business.
		"GORACE": "halt_on_error=1", "HOMINGBIRD": "x",
	} {
		t.Setenv(name, value)
	}
	s := open(t, map[string]any{"GET /v1/accounts": []control.Account{}})
	for _, args := range []string{"serve", "account list", "version"} {
		if code := s.run(strings.Fields(args)...); code != 0 {
			t.Errorf("homing %s: exit status %d: %s", args, code, s.err.String())
		}
	}
}
