package regulation

import (
	"embed"
	"fmt"
	"slices"
	"sync"

	"github.com/casefile-engine/casefile/domain"
)

//go:embed profiles/*.yaml
var files embed.FS

// builtinFiles is the list of profiles that come with the program. A file never
// changes once it has been released; a correction is a new version.
var builtinFiles = []string{"profiles/click-2017-v1.yaml", "profiles/solutions-vpr-v1.yaml"}

// parsed reads the built-in profiles once.
var parsed = sync.OnceValues(func() ([]Profile, error) {
	out := make([]Profile, 0, len(builtinFiles))
	for _, name := range builtinFiles {
		doc, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("built-in profile: %w", err)
		}
		p, err := Parse(doc)
		if err != nil {
			return nil, fmt.Errorf("built-in profile %s: %w", name, err)
		}
		out = append(out, p)
	}
	return out, nil
})

// Builtin are the profiles that come with the program, as they were written:
// without the law layer, which Effective applies. The caller owns the copies.
func Builtin() ([]Profile, error) {
	list, err := parsed()
	if err != nil {
		return nil, err
	}
	out := make([]Profile, 0, len(list))
	for _, p := range list {
		c, err := clone(p)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Document is the file of a built-in profile as it was written, with its
// comments.
func Document(name string, version int) ([]byte, bool) {
	b, err := files.ReadFile(fmt.Sprintf("profiles/%s-v%d.yaml", name, version))
	return b, err == nil
}

// Find is a built-in profile by name and version, without the law layer. A
// profile that does not exist is a *domain.Error with code "unknown_profile".
func Find(name string, version int) (Profile, error) {
	list, err := Builtin()
	if err != nil {
		return Profile{}, err
	}
	i := slices.IndexFunc(list, func(p Profile) bool { return p.Name == name && p.Version == version })
	if i < 0 {
		return Profile{}, domain.Invalid("unknown_profile", "profile", "there is no such profile in this version; 'casefile profile list' shows those that there are, a profile of the agency's own comes as document")
	}
	return list[i], nil
}

// Adopt is what an agency adopts: the document if there is one, or else the
// built-in profile, with the law layer applied. A document must carry the name
// and the version asked for, and may not take those of a built-in profile with
// other content, since profiles are immutable by name and version.
func Adopt(name string, version int, document []byte) (Profile, []Finding, error) {
	if len(document) == 0 {
		p, err := Find(name, version)
		if err != nil {
			return Profile{}, nil, err
		}
		return Effective(p)
	}
	p, findings, err := Check(document)
	if err != nil {
		return Profile{}, findings, err
	}
	if p.Name != name || p.Version != version {
		return Profile{}, findings, domain.Invalid("profile_name", "document", "the document has another name or version than the command; make them equal")
	}
	if err := Unchanged(&p); err != nil {
		return Profile{}, findings, err
	}
	return p, findings, nil
}

// Unchanged refuses a checked profile that goes under the name and version of one
// that comes with the program and differs from it (C-4b).
func Unchanged(p *Profile) error {
	b, err := Find(p.Name, p.Version)
	if err != nil {
		return nil // a name of its own
	}
	if b, _, err = Effective(b); err != nil {
		return err
	}
	changes, err := Diff(&b, p)
	if err == nil && len(changes) > 0 {
		err = domain.Refused("profile_changed", "C-4b", "a profile never changes once it has been released; give the document a new version or another name")
	}
	return err
}
