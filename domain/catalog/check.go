package catalog

import (
	"fmt"
	"reflect"
)

// Check proves that the lists are whole: no name stands there twice, every
// event in its stored form gives itself again, every command has its
// aggregate, and every state survives its snapshot. The engine runs it at
// start, since a list that is wrong would only show years later.
func Check() error {
	seen := map[string]bool{}
	for _, s := range Events() {
		if seen[s.Type] || s.Schema < 1 || s.Schema > 1 && s.Upcast == nil {
			return fmt.Errorf("catalog: the type %s stands in the list twice or lacks its upcast", s.Type)
		}
		seen[s.Type] = true
		e := s.New()
		raw, schema, err := Encode(e)
		if err != nil {
			return err
		}
		back, err := Decode(s.Type, schema, raw)
		if err != nil {
			return err
		}
		if reflect.TypeOf(back) != reflect.TypeOf(e) || back.EventType() != s.Type {
			return fmt.Errorf("catalog: %s does not come back as itself", s.Type)
		}
	}
	for _, s := range Commands() {
		if seen[s.Name] {
			return fmt.Errorf("catalog: the command %s stands in the list twice", s.Name)
		}
		seen[s.Name] = true
		if _, ok := AggregateOf(s.Kind); !ok {
			return fmt.Errorf("catalog: the command %s has no aggregate", s.Name)
		}
	}
	for _, a := range Aggregates() {
		b, err := a.EncodeState(a.Zero())
		if err != nil {
			return fmt.Errorf("catalog: the state of %s: %w", a.Kind, err)
		}
		if back, err := a.DecodeState(b); err != nil || !reflect.DeepEqual(back, a.Zero()) {
			return fmt.Errorf("catalog: the state of %s does not survive its snapshot: %w", a.Kind, err)
		}
	}
	return nil
}
