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
