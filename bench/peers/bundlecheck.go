// Judges Sigstore bundles with sigstore-go, offline. Takes a JSON file with a
// list of questions and prints one line for each: its name, a tab, and "ok" or
// the reason why not.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

type question struct {
	Name, Bundle, Artifact, Root, Key, Identity, Issuer string
}

// always is a key without a window: the caller vouches for it.
type always struct{ signature.Verifier }

func (always) ValidAtTime(time.Time) bool { return true }

func keyMaterial(path string) (root.TrustedMaterial, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	verifier, err := signature.LoadDefaultVerifier(public)
	if err != nil {
		return nil, err
	}
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return always{verifier}, nil }), nil
}

func judge(q question) error {
	entity, err := bundle.LoadJSONFromPath(q.Bundle)
	if err != nil {
		return err
	}
	trusted, err := root.NewTrustedRootFromPath(q.Root)
	if err != nil {
		return err
	}
	material := root.TrustedMaterialCollection{trusted}
	options := []verify.VerifierOption{verify.WithTransparencyLog(1)}
	var who verify.PolicyOption
	if q.Key == "" {
		identity, err := verify.NewShortCertificateIdentity(q.Issuer, "", q.Identity, "")
		if err != nil {
			return err
		}
		who = verify.WithCertificateIdentity(identity)
		options = append(options, verify.WithSignedCertificateTimestamps(1), verify.WithObserverTimestamps(1))
	} else {
		key, err := keyMaterial(q.Key)
		if err != nil {
			return err
		}
		material = append(material, key)
		who = verify.WithKey()
		options = append(options, verify.WithNoObserverTimestamps())
	}
	verifier, err := verify.NewVerifier(material, options...)
	if err != nil {
		return err
	}
	artifact, err := os.Open(q.Artifact)
	if err != nil {
		return err
	}
	defer artifact.Close()
	_, err = verifier.Verify(entity, verify.NewPolicy(verify.WithArtifact(artifact), who))
	return err
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var questions []question
	if err := json.Unmarshal(text, &questions); err != nil {
		panic(err)
	}
	for _, q := range questions {
		said := "ok"
		if err := judge(q); err != nil {
			said = strings.Join(strings.Fields(err.Error()), " ")
		}
		fmt.Printf("%s\t%s\n", q.Name, said)
	}
}
