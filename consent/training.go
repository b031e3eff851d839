package consent

import "strings"

// dpvAI is where the Data Privacy Vocabulary keeps what is about artificial intelligence; some write
// it with "www.".
var dpvAI = [...]string{"https://w3id.org/dpv/ai#", "https://www.w3id.org/dpv/ai#", "https://w3id.org/dpv/ai/", "https://w3id.org/dpv/2.0/ai#"}

// training are the words by which vendors say that machines learn from what they read. A sentence
// that has one of them by chance costs the customer one more click, and nothing else.
var training = [...]string{
	"ai model", "ai system", "ai training", "artificial intelligence", "deep learning", "foundation model", "generative ai", "language model",
	"machine learning", "training ai", "training of ai", "train our ai", "train ai", "train models", "train our models",
	"ki-modell", "ki-system", "ki-training", "künstliche intelligenz", "künstlicher intelligenz", "künstlichen intelligenz", "maschinelles lernen",
	"maschinellem lernen", "maschinellen lernen", "sprachmodell", "training von ki", "trainieren von ki",
}

// TrainsMachines says that the purpose is, or sounds like, the training of artificial intelligence:
// such use takes an act of its own.
func (p Purpose) TrainsMachines() bool {
	for _, space := range dpvAI {
		if strings.HasPrefix(p.IRI, space) {
			return true
		}
	}
	said := p.Text
	for _, text := range p.Local {
		said += "\n" + text
	}
	said = strings.ToLower(said)
	for _, word := range training {
		if strings.Contains(said, word) {
			return true
		}
	}
	return false
}
