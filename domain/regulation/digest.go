package regulation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Canonical is the profile as canonical JSON: no white space, names in byte
// order, absent values absent. Two profiles are the same when these bytes are.
func (p *Profile) Canonical() ([]byte, error) {
	tree, err := p.tree()
	if err != nil {
		return nil, err
	}
	return compact(tree)
}

// tree is the profile as decoded JSON.
func (p *Profile) tree() (any, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("profile as JSON: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("profile as JSON: %w", err)
	}
	return tree, nil
}

// compact writes decoded JSON with names in byte order and without escapes
// that the text does not need.
func compact(tree any) ([]byte, error) {
	var w bytes.Buffer
	e := json.NewEncoder(&w)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return bytes.TrimSuffix(w.Bytes(), []byte("\n")), nil
}

// Digest is the SHA-256 of Canonical in lower-case hex. It names the content of
// a version: an agency that adopts (name, version) with another digest than
// before changes what must not change.
func (p *Profile) Digest() (string, error) {
	b, err := p.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// clone is a copy that shares nothing, as it would come out of an event.
func clone(p Profile) (Profile, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return Profile{}, fmt.Errorf("profile as JSON: %w", err)
	}
	var c Profile
	if err := json.Unmarshal(b, &c); err != nil {
		return Profile{}, fmt.Errorf("profile from JSON: %w", err)
	}
	return c, nil
}

// Change is one difference between two profiles. Rows of lists are named by
// their code, so that a moved row is no change. Before and After are JSON
// texts; "" where one of them lacks the value.
type Change struct {
	Path   string
	Before string
	After  string
}

// Diff lists the differences between two profiles by path, in byte order.
func Diff(a, b *Profile) ([]Change, error) {
	before, err := a.flat()
	if err != nil {
		return nil, err
	}
	after, err := b.flat()
	if err != nil {
		return nil, err
	}
	paths := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(paths)
	var out []Change
	for _, path := range slices.Compact(paths) {
		if before[path] != after[path] {
			out = append(out, Change{path, before[path], after[path]})
		}
	}
	return out, nil
}

// flat is every value of the profile by its path.
func (p *Profile) flat() (map[string]string, error) {
	tree, err := p.tree()
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, flatten(out, "", tree)
}

func flatten(out map[string]string, path string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if err := flatten(out, path+"/"+name, x); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if len(v) > 0 {
			if _, rows := v[0].(map[string]any); rows {
				for i, x := range v {
					if err := flatten(out, path+"/"+rowName(x, i), x); err != nil {
						return err
					}
				}
				return nil
			}
		}
	}
	b, err := compact(v)
	out[path] = string(b)
	return err
}

// rowName names a row of a list by what identifies it.
func rowName(v any, i int) string {
	row, _ := v.(map[string]any)
	for _, key := range []string{"code", "class", "kind"} {
		if s, ok := row[key].(string); ok {
			if sub, ok := row["subtype"].(string); ok {
				return s + "." + sub
			}
			return s
		}
	}
	return strconv.Itoa(i)
}
