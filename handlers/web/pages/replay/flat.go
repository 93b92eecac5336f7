package replay

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// place is one value of a state by its JSON Pointer.
type place struct {
	path string
	raw  json.RawMessage
}

// flat lists the values of a state in the order of their names: all that is
// neither an object nor a list of objects.
func flat(state json.RawMessage) (out []place) {
	var walk func(path string, raw json.RawMessage)
	walk = func(path string, raw json.RawMessage) {
		raw = bytes.TrimSpace(raw)
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case len(raw) == 0:
		case raw[0] == '{' && json.Unmarshal(raw, &object) == nil:
			for _, k := range slices.Sorted(maps.Keys(object)) {
				walk(path+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), object[k])
			}
		case raw[0] == '[' && json.Unmarshal(raw, &list) == nil && (len(list) == 0 || list[0][0] == '{'):
			for i, x := range list {
				walk(path+"/"+strconv.Itoa(i), x)
			}
		default:
			out = append(out, place{path, raw})
		}
	}
	walk("", state)
	return out
}
