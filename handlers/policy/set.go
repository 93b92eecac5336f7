package policy

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/casefile-engine/casefile/domain"
)

//go:embed policies
var builtIn embed.FS

// Text is one file of policies.
type Text struct {
	Name string
	Text string
}

// parsedPolicy is a policy with what its annotations say.
type parsedPolicy struct {
	id, ground, role, code, rule, message string
	forbid                                bool
	cedar                                 *cedar.Policy
}

// Set is one version of the policies of an agency: the law's, and the agency's
// own or the built-in ones. It is safe for many goroutines.
type Set struct {
	digest string
	// table is the built-in set, which an agency's own policies may narrow and not
	// widen (catalogue §5); nil in the built-in set itself.
	table    *Set
	texts    []Text
	policies map[types.PolicyID]*parsedPolicy
	byAction map[string]scoped // the policies that speak of an action
	actions  types.EntityMap
	memo     memo
	// names tells whether a policy names a person or a dossier, so that the
	// memory of decisions must tell them apart as well.
	names bool
}

// scoped are the policies whose scope takes in one action.
type scoped []types.PolicyID

// lawOrder is the order in which prohibitions explain a refusal; an agency's
// own come after the law's.
var lawOrder = []string{"law-own-agency", "law-active", "law-token-scope", "law-second-factor", "law-not-to-oneself", "law-secrecy", "law-need-to-know", "law-purpose", "law-health"}

// BuiltIn gives the policies that stand in the program.
func BuiltIn() (*Set, error) { return New(nil) }

// New gives the law's policies with an agency's own in the place of the
// built-in ones; none: the built-in ones. Own policies narrow: what they permit is
// permitted where the built-in ones permit it too (catalogue §5). Errors: domain
// code "invalid_policy" with the file and what is wrong in it, when it cannot be
// read, does not fit the schema, or has no @id of its own.
func New(own []Text) (*Set, error) {
	law, err := builtInText("law.cedar")
	if err != nil {
		return nil, err
	}
	agency, err := builtInText("agency.cedar")
	if err != nil {
		return nil, err
	}
	table, err := newSet(nil, law, []Text{agency})
	if err != nil || len(own) == 0 {
		return table, err
	}
	return newSet(table, law, own)
}

// newSet makes the set of the law and some rules, within a table or without.
func newSet(table *Set, law Text, rules []Text) (*Set, error) {
	sch, err := readSchema()
	if err != nil {
		return nil, err
	}
	s := &Set{table: table, policies: map[types.PolicyID]*parsedPolicy{}, byAction: map[string]scoped{}, actions: types.EntityMap{}}
	if s.texts = append([]Text{law}, rules...); table != nil {
		s.texts = append(table.Texts(), rules...)
	}
	check := validate.New(sch)
	if err := s.add(law, check, true); err != nil {
		return nil, err
	}
	for _, t := range rules {
		if err := s.add(t, check, false); err != nil {
			return nil, err
		}
	}
	s.index(sch)
	s.digest = digestOf(s.texts)
	return s, nil
}

// Digest is the SHA-256 of the set's texts, in hex.
func (s *Set) Digest() string { return s.digest }

// Texts are the files of the set: the law's, the table's, and then an agency's own.
func (s *Set) Texts() []Text { return slices.Clone(s.texts) }

// IDs are the ids of the policies, in byte order; those of an agency's own set
// without the table's.
func (s *Set) IDs() []string {
	var out []string
	for _, p := range s.policies {
		out = append(out, p.id)
	}
	slices.Sort(out)
	return out
}

// Without is the set with one policy taken out, of its table as well, for tests
// that show that each policy counts.
func (s *Set) Without(id string) *Set {
	if s == nil {
		return nil
	}
	out := &Set{digest: s.digest, texts: s.texts, actions: s.actions, names: s.names, policies: maps.Clone(s.policies), byAction: map[string]scoped{}, table: s.table.Without(id)}
	delete(out.policies, types.PolicyID(id))
	for a, list := range s.byAction {
		out.byAction[a] = slices.DeleteFunc(slices.Clone(list), func(p types.PolicyID) bool { return p == types.PolicyID(id) })
	}
	return out
}

func builtInText(name string) (Text, error) {
	b, err := fs.ReadFile(builtIn, path.Join("policies", name))
	return Text{Name: name, Text: string(b)}, err
}

// SchemaText is the schema that policies are checked against.
func SchemaText() (string, error) {
	t, err := builtInText("casefile.cedarschema")
	return t.Text, err
}

func readSchema() (*resolved.Schema, error) {
	text, err := SchemaText()
	if err != nil {
		return nil, err
	}
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(text)); err != nil {
		return nil, fmt.Errorf("policy: the schema: %w", err)
	}
	return s.Resolve()
}

func invalid(file, what string) error {
	return &domain.Error{Kind: domain.KindInvalid, Code: "invalid_policy", Rule: "C-2.1.4a", Message: "the policies in " + file + " cannot be used: " + what}
}

func (s *Set) add(t Text, check *validate.Validator, law bool) error {
	list, err := cedar.NewPolicyListFromBytes(t.Name, []byte(t.Text))
	if err != nil {
		return invalid(t.Name, err.Error())
	}
	for _, p := range list {
		at := fmt.Sprintf("%s, line %d", t.Name, p.Position().Line)
		a := p.Annotations()
		id := types.PolicyID(a["id"])
		switch {
		case id == "":
			return invalid(at, "a policy has no @id")
		case s.policies[id] != nil:
			return invalid(at, "another policy has the same @id; give each its own, and none of the law's")
		case !law && strings.HasPrefix(string(id), "law-"):
			return invalid(at, "an @id that begins with law- belongs to the law's own policies")
		}
		if err := check.Policy(string(id), (*ast.Policy)(p.AST())); err != nil {
			return invalid(at, err.Error())
		}
		parsed := &parsedPolicy{
			id: string(id), ground: string(a["ground"]), role: string(a["role"]), code: string(a["code"]), rule: string(a["rule"]),
			message: string(a["message"]), forbid: p.Effect() == cedar.Forbid, cedar: p,
		}
		if err := parsed.complete(at); err != nil {
			return err
		}
		s.policies[id] = parsed
		// As Cedar writes it, not as its author did, who may break lines anywhere.
		text := string(p.MarshalCedar())
		s.names = s.names || strings.Contains(text, `Staff::"`) || strings.Contains(text, `Dossier::"`)
	}
	return nil
}

// complete fills in what an agency's policy may leave out, and refuses a ground
// that the registers do not know.
func (p *parsedPolicy) complete(at string) error {
	if p.forbid {
		p.code, p.rule = cmp.Or(p.code, "not_permitted"), cmp.Or(p.rule, "C-2.7a")
		p.message = cmp.Or(p.message, "the agency's policies do not permit this; ask the director")
		return nil
	}
	p.ground, p.role = cmp.Or(p.ground, "role"), cmp.Or(p.role, "*")
	if !slices.Contains(grounds, p.ground) {
		return invalid(at, "@ground is one of "+strings.Join(grounds, ", "))
	}
	return nil
}

// index sorts the policies by the actions that their scope takes in, which
// leaves a handful to evaluate for each question.
func (s *Set) index(sch *resolved.Schema) {
	for uid, a := range sch.Actions {
		s.actions[uid] = a.Entity
	}
	for uid := range s.actions {
		var list scoped
		for _, id := range slices.Sorted(maps.Keys(s.policies)) {
			if s.takesIn(s.policies[id].cedar.AST().Action, uid) {
				list = append(list, id)
			}
		}
		s.byAction[string(uid.ID)] = list
	}
}

func (s *Set) takesIn(scope ast.IsActionScopeNode, uid types.EntityUID) bool {
	switch n := scope.(type) {
	case ast.ScopeTypeEq:
		return n.Entity == uid
	case ast.ScopeTypeIn:
		return s.within(uid, n.Entity)
	case ast.ScopeTypeInSet:
		return slices.ContainsFunc(n.Entities, func(e types.EntityUID) bool { return s.within(uid, e) })
	}
	return true
}

func (s *Set) within(uid, group types.EntityUID) bool {
	if uid == group {
		return true
	}
	for p := range s.actions[uid].Parents.All() {
		if s.within(p, group) {
			return true
		}
	}
	return false
}

// Actions lists the names of all actions that can be asked for, in byte order;
// the groups are not among them.
func (s *Set) Actions() []string {
	groups := map[types.EntityUID]bool{}
	for _, a := range s.actions {
		for p := range a.Parents.All() {
			groups[p] = true
		}
	}
	var out []string
	for uid := range s.actions {
		if !groups[uid] {
			out = append(out, string(uid.ID))
		}
	}
	slices.Sort(out)
	return out
}

// Document is the set's texts as one, of which Digest is the SHA-256: each behind
// a line with the length of its name, the name and the length of the text.
func (s *Set) Document() []byte { return document(s.texts) }

func document(texts []Text) (b []byte) {
	for _, t := range texts {
		b = fmt.Appendf(b, "%d %s %d\n", len(t.Name), t.Name, len(t.Text))
		b = append(b, t.Text...)
	}
	return b
}

func digestOf(texts []Text) string {
	sum := sha256.Sum256(document(texts))
	return hex.EncodeToString(sum[:])
}

// all gives cedar the policies of one action.
type subset struct {
	set  *Set
	list scoped
}

// All iterates over the subset.
func (s subset) All() iter.Seq2[types.PolicyID, *cedar.Policy] {
	return func(yield func(types.PolicyID, *cedar.Policy) bool) {
		for _, id := range s.list {
			if !yield(id, s.set.policies[id].cedar) {
				return
			}
		}
	}
}

// memo remembers decisions: the policies look at a few codes and yeses and noes,
// so that the same question comes again and again.
type memo struct {
	mu sync.RWMutex
	m  map[memoKey]Decision
}

const maxMemo = 20_000

func (m *memo) get(k memoKey) (Decision, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	d, ok := m.m[k]
	return d, ok
}

func (m *memo) put(k memoKey, d Decision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil || len(m.m) >= maxMemo {
		m.m = map[memoKey]Decision{}
	}
	m.m[k] = d
}
