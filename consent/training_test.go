package consent_test

import (
	"testing"

	"github.com/meins-id/meins/consent"
)

func TestPurpose_forTrainingMachines_isKnownByItsAddressAndByItsWords(t *testing.T) {
	for _, p := range []consent.Purpose{
		consent.NewPurpose("https://w3id.org/dpv/ai#Training", "", nil),
		consent.NewPurpose("", "To train our AI on what customers write.", nil),
		consent.NewPurpose("", "To make the service better.", map[string]string{"de": "Für das Training von KI-Modellen."}),
	} {
		if !p.TrainsMachines() {
			t.Errorf("%+v is taken for something else", p)
		}
	}
	for _, p := range []consent.Purpose{
		{},
		consent.NewPurpose("https://w3id.org/dpv#Advertising", "", nil),
		consent.NewPurpose("", "To reserve your place in the training of the sailing club.", map[string]string{"de": "Für Ihren Platz im Training."}),
	} {
		if p.TrainsMachines() {
			t.Errorf("%+v is taken for training", p)
		}
	}
}

func TestTraining_isCalledByName_inBothLanguages(t *testing.T) {
	p := consent.NewPurpose("https://w3id.org/dpv/ai#Training", "", nil)
	if en, de := p.In("en"), p.In("de-AT"); en != "Training artificial intelligence" || de != "Trainieren künstlicher Intelligenz" {
		t.Errorf("it is called %q and %q", en, de)
	}
	if other := consent.NewPurpose("https://w3id.org/dpv/ai#Bias", "", nil).In("en"); other != "https://w3id.org/dpv/ai#Bias" {
		t.Errorf("what nobody here knows is called %q", other)
	}
}
