package bridge

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// e164 is ITU-T E.164: a plus sign and at most 15 digits, none of the country
// codes beginning with 0.
var e164 = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)

// maxNumber is the longest text taken for a number at all.
const maxNumber = 20

// ParseNumber holds a number against the policy: E.164 only, of an allowed
// country, of an ordinary kind. It returns the number or says why not.
//
// Whether the number is in service is the carrier's to say: numbers that the
// numbering plan merely keeps free (+1 202 555 01xx) are let through.
func (p *DialPolicy) ParseNumber(text string) (string, *Error) {
	const param = "phone_number"
	if len(text) > maxNumber || !e164.MatchString(text) {
		return "", refuse(Invalid, "invalid_number", param,
			"a phone number is written in E.164: a plus sign, the country code and the number, at most 15 digits")
	}
	for _, prefix := range p.DenyPrefixes {
		if prefix != "" && strings.HasPrefix(text, prefix) {
			return "", refuse(Invalid, "country_not_allowed", param, "numbers beginning with %s are not dialled from here", prefix)
		}
	}
	n, err := phonenumbers.Parse(text, "")
	if err != nil || !possible(n) {
		return "", refuse(Invalid, "invalid_number", param, "no phone can have this number: it is too long or too short for its country, or the country does not exist")
	}
	if global(int(n.GetCountryCode())) {
		return "", refuse(Invalid, "premium_number", param, "satellite and worldwide service numbers are not dialled")
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UAN,
		phonenumbers.PERSONAL_NUMBER, phonenumbers.PAGER, phonenumbers.VOICEMAIL:
		return "", refuse(Invalid, "premium_number", param, "premium, shared-cost and service numbers are not dialled")
	}
	if country := countryOf(n); !slices.Contains(p.AllowCountries, country) {
		return "", refuse(Invalid, "country_not_allowed", param, "numbers of %s are not dialled from here (dial.allow_countries)", countryName(country, n))
	}
	return text, nil
}

func possible(n *phonenumbers.PhoneNumber) bool {
	reason := phonenumbers.IsPossibleNumberWithReason(n)
	return reason == phonenumbers.IS_POSSIBLE
}

// global tells the country codes that belong to no country: Inmarsat 870,
// satellite and global networks 878–883, relief 888, premium 979 and the
// worldwide freephone and shared-cost services 800 and 808 (ITU-T E.164 list
// of assigned codes).
func global(code int) bool {
	return code == 800 || code == 808 || code == 979 || code/10 == 87 || code/10 == 88 && code != 880 && code != 886
}

// countryOf is the ISO code of a number's country. A number that is not in
// service has no country of its own in a shared numbering plan (+1): then its
// area code decides, asked with a subscriber number that is in service
// everywhere.
func countryOf(n *phonenumbers.PhoneNumber) string {
	if r := phonenumbers.GetRegionCodeForNumber(n); r != "" && r != "ZZ" {
		return r
	}
	national := strconv.FormatUint(n.GetNationalNumber(), 10)
	if n.GetCountryCode() == 1 && len(national) == 10 {
		if probe, err := phonenumbers.Parse("+1"+national[:3]+"2345678", ""); err == nil {
			if r := phonenumbers.GetRegionCodeForNumber(probe); r != "" && r != "ZZ" {
				return r
			}
		}
		return "" // an area code of no country
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
}

func countryName(country string, n *phonenumbers.PhoneNumber) string {
	if country == "" || country == "ZZ" {
		return "country code +" + strconv.Itoa(int(n.GetCountryCode()))
	}
	return country
}

// maskNumber is how a number appears in a log: +1202•••1234.
func maskNumber(n string) string {
	if len(n) < 10 {
		return "•••"
	}
	return n[:5] + "•••" + n[len(n)-4:]
}
