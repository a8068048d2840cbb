package main

import (
	"encoding/xml"
	"errors"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPicturesAreUpToDate(t *testing.T) {
	for name, picture := range pictures() {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "pictures", name))
			if err != nil {
				t.Fatal(err)
			}
			if string(file) != picture.String() {
				t.Error("the file is another picture: go run ./internal/test/pictures")
			}
			d := xml.NewDecoder(strings.NewReader(picture.String()))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestPackagesImportEachOtherAsDrawn(t *testing.T) {
	const module = "github.com/seed48429006/sessions/"
	for _, i := range imports {
		p, err := build.ImportDir(filepath.Join("..", "..", "..", i.importer), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(p.Imports, module+i.imported) {
			t.Errorf("%s does not import %s", i.importer, i.imported)
		}
	}
}
