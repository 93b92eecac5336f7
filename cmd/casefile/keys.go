package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/casefile-engine/casefile/eventstore/seal/vault"
)

type keysCmd struct {
	List keysListCmd `cmd:"" help:"List the root keys and the epochs; never key material."`
}

type keysListCmd struct {
	Agency string `placeholder:"A" help:"One agency alone."`
}

func (keysListCmd) place() place { return onData }

func (c *keysListCmd) Run(a *app) (err error) {
	e, release, err := a.open(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	agencies := []string{c.Agency}
	if c.Agency == "" {
		if agencies, err = e.Queries.Agencies(a.ctx); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(a.io.Stdout, 0, 0, 2, ' ', 0)
	enc := json.NewEncoder(a.io.Stdout)
	if !a.g.JSON {
		fmt.Fprintln(w, "KEY\tAGENCY\tOWNER\tCLASS\tEPOCH\tSTATUS\tCREATED")
	}
	for _, agency := range agencies {
		err := e.Vault.List(a.ctx, agency, func(k vault.KeyInfo) error {
			if a.g.JSON {
				return enc.Encode(struct {
					ID      string `json:"id"`
					Agency  string `json:"agency"`
					Owner   string `json:"owner"`
					Class   string `json:"class"`
					Epoch   int    `json:"epoch"`
					Status  string `json:"status"`
					Created string `json:"created"`
				}{k.ID, k.Agency, k.Owner, string(k.Class), k.Epoch, k.Status, k.Created.Format("2006-01-02T15:04:05Z07:00")})
			}
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", k.ID, k.Agency, k.Owner, k.Class, k.Epoch, k.Status, stamp(k.Created))
			return err
		})
		if err != nil {
			return err
		}
	}
	if a.g.JSON {
		return nil
	}
	epochs, err := e.Vault.Epochs(a.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "\nEPOCH\tOPENED\tCLOSED\tITS KEY")
	for _, ep := range epochs {
		closed, method := "", "in use"
		if !ep.Closed.IsZero() {
			closed, method = stamp(ep.Closed), ep.Method
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", ep.ID, stamp(ep.Opened), closed, method)
	}
	return w.Flush()
}
