package judge

import "homing"

// DiagnoseCode tells why a text is no click id, in the words of the postback
// log; homing.ReasonCodeNotMinted of one that has the right form. Without a
// keyring it cannot tell whether such an id is genuine.
func DiagnoseCode(text string) homing.Reason { return diagnoseCode([]byte(text), []byte(text)) }
