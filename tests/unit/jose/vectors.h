/* Keys and tokens of joserfc, an independent implementation. */
#ifndef GANTRY_TESTS_JOSE_VECTORS_H
#define GANTRY_TESTS_JOSE_VECTORS_H

static const char vector_keys[] =
    "{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"rsa\",\"kty\":\"RSA\",\"n\":\"vMXK-CWmrm5IB5eR6-"
    "rCZVCqAD6TtWBuLb13WX"
    "40jSyLl3G7jo8Nn4V2TM5B3dPqf4fHkR6U5fl47tSgjZLAQqo4OucGcuR9RQLPou0g2ah5QMrGm-d-6OD3HzwuT9"
    "bFG0ylSacLoo9gjYF2qf4TKevGmNDrYQcMZ42LkU1JDNJRdnQlsXNfWRGvHo-0ZNpZFScssicu4dVo4uuME4fVaD"
    "jXewpNwEl_MipELXYKaExpvy4-ifC81GL0F4ceh_mli1GfNnbkSUyc3BRJIpNLL3Pjg3287eCv99A5fbf4-hvcAi"
    "9n9yCIXb0Mzc2wcwvlYZeI4G2F1aBdSZv87rwgCQ\",\"use\":\"sig\"},{\"crv\":\"P-256\",\"kid\":"
    "\"p256\",\"kty\""
    ":\"EC\",\"x\":\"uERC_qjHFYssIUICXesXJj-lYLz9MyDros-635TArRE\",\"y\":"
    "\"GKt9Ks8xUS9zR8WrfSianGY3TnC"
    "yrTTUfRW9MteXWVQ\"},{\"crv\":\"P-384\",\"kid\":\"p384\",\"kty\":\"EC\",\"x\":"
    "\"KKx5ve9xZwXOIxWM4NLCNS2X6"
    "FsEepP5Qp-MtayFZGVxKrZcErvWBkNPHfFLXckN\",\"y\":\"uatjGNhNWNHhY490FO1bUfaHqxr6elIfN1wvvrviix"
    "IIidK-VqaL2lcJrd7HXV3E\"},{\"e\":\"AQAB\",\"kid\":\"small\",\"kty\":\"RSA\",\"n\":\"xVa_"
    "Shmihq6ZZEsCYj5c"
    "dUpaR-Li31YRmIFwdxSpnjh8m5HpirjOUJjxEjUaAXWPPDdXwSwtfaiBTSpaMJ2NEJKfYbt4NXxa2wc3hop3IASu"
    "BIZfn3V5D4f78gxxI2LLUkI3Ka0tyVWyBcaXbMASol0gNZnTh3LbRzjINh6gYoc\"}]}";

static const struct vector {
    const char *alg, *token;
} good_vectors[] = {
    {"RS256",
     "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.bHFU2u64dt1UZT6P"
     "v0Yfdyx_IT4gMI43EXzpalwOOFAQHfn0ViuUJog5BFvDlS-S88ZLHqqVwzj2XGvmeV7qczJkqUfsXBCngTvPg4Hv"
     "GMZIvHf6urnIxlPdgtp2E-PTtjisFCfSw889IhyQeVfA8OLZK2r70tc0IkBCKfsFCEgA7LaIhrOkuaU95xLMmGq1"
     "Uh-qWtJPZwz0x1ksptxNCY6G_uO3PFFtMWB3FetAIA_tQqQmMkvvNDcoafMWCCsKrQV3zDz7OacI62TdQPUDExvY"
     "0qt74Ojo7YMwurt9wBCrcqu5KHX1tnarmp4y5tTZFJj4oV25y4gXDSCJfc7Zpg"},
    {"RS384",
     "eyJhbGciOiJSUzM4NCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.Q467olUsNfNGMSeG"
     "hN6MHQBvAm93qCo5X8H6SZACWhzCDXiEGU4x4U7K7hSVmc8bOblnZFbyR1mw7XNrrs3FT12ABB3HmHwR874AIEvW"
     "QAd1oiJNnPyMeUck2rEZpDv-uRAHlhA_cbIUQV5rb_p89vok-zokh40G43BfaS3PlsgS3L3c7Fh6FlQDL9HQOarU"
     "O9IyLKhNhbOtvsTfVPwlc30xgxsglSKDRPxuccS4Xzt9WKkXakVdRdPtv5PGW9lnBW7GuJtsk3maIihN4jckhYDq"
     "VX92eUiucaNu3u7dLLzTfMbuDMQBJIxJrnTJmyA_f87Q3WA3fPV8oHkOqE5IOg"},
    {"RS512",
     "eyJhbGciOiJSUzUxMiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.bs4DrAd-2truqeU9"
     "L6ORHBzFb8xVZX_vjHo__cL8xENBaKzvWrjH3Jc--NDcvtg4Wx_5pbUE9VFArCN7iBRfODJZ4D_YnzREqMsOZzdK"
     "7Jj2BXym6qh3TUk15M68p1hUy7UttT93MXbFm-8576uytBm6Jrq1QJpn1cY0nHltKlhqVd73OCTzZxT7zArSJp7k"
     "ePn6KjBcVRYL0oqmbtH_j81IksGKa3bgNlJd2DisSe_W3lcUmhh09rXqplAXtSduyre3MfSUhFMiqXp8okTnr0rf"
     "FVia7-B7DZE-9KrceQF0205xPR0TnglwXbGC5p249QbY7_tGpXqygY8JMnvhRQ"},
    {"PS256",
     "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.LL1CYaSzWtW6YEeA"
     "H0tqh0elHaWdO2NS1ETa5IW-44hqYtdJpwEJElTv8uldENH2LGjQL4x-5AND5e6NxFP1YebGbZIfjhQkUZqsB80T"
     "_z3ydywfIKAHqcfPEpveO4ikysJMV711mX26P4xKK9KBYPY3L5yPqN3ewwme8jvCiT2CeP4KDZldBzUdKCJMHwek"
     "JWqDXiSLkEiv7wKO0JxDQlCYodZne11fX-4vV1DVmfBoPbCOnAMYIkSFi66u44kPx1sHt-40woWAP8A9_vG5Hmrq"
     "KxjVQ_MUC8fX7nXVZ9we3w1WeZQEkJOOXmfp5pNbp6AXecanbbBa5FzdITb3eg"},
    {"ES256",
     "eyJhbGciOiJFUzI1NiIsImtpZCI6InAyNTYifQ.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.Qwbhxh2BlErUyk"
     "evO8jdGRiXfhRFpXSI_1b1_2IEOLzGbYqtapvogDURdjLZ25pR4w1F8vBfVY_uoCnDzFQSSA"},
    {"ES384",
     "eyJhbGciOiJFUzM4NCIsImtpZCI6InAzODQifQ.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.lgHUTwkko-UzfE"
     "Jox4ureYwMcAy66k7e41n52MN1e3y13gY0azG5rTDyZMO65cvKXleAosIAPP3W_JkanEmweh1j7OAwAnLdMW3izX"
     "jqz2-C-hxTXjeXrfMJiZ5tgH8q"},
};

/* Signed with the modulus as it stands in the key set, by a sender who hopes that the kind of key
 * is not looked at. */
static const char hmac_token[] =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ._tNdLjNV4-MJvMaf"
    "r99NUIqS1ysbOH7v_C7EZCEcoLE";

/* An RSA key of 1,024 bits. */
static const char small_key_token[] =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InNtYWxsIn0.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.MK1gN6kHndi9U"
    "hlpELVFIiEQ0fVtM3yIJ6iJIWa0Kf6QQm46TvVAfw34jMYhdROSWvD7eB47dEbGEW6M8TUn6UkbapGS95_rNXjoV"
    "WdLGNnqvn3EmDGS6uP_RviwuD6SscXlLasSawVArt9YqIuFt83znoXQT9xq8lUr5MFndLg";

static const char ps384_token[] =
    "eyJhbGciOiJQUzM4NCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.T18uLn7mW4EZ9RXU"
    "I8lxazrrr4matmt_BO8kACFvq3-nt8GEzLPAejNmS3Z7esadYIuRZfOCgzZ3SpXrT7FrDr7T0uPqSKG-FOm5ItAq"
    "3y_Ygr4B57OCK3ehldggzpQrLDm4ulf7Szklnto79585QXzTDyqj9vFwhSRKOHCeCKPkzjqY32lmymj0M4fn0z9T"
    "WZcmzBWBIK1mY8wswo27ut_wDQNZzIys4wiJhpRH3ZYVIgk6ytdVqyYIVigQ8c022HLUmXCmc5iPNJ-cNVKvxdYd"
    "7tWBZ9Bt1Y-9i-69Wdd3o26IOzUJoiNIVIYO_5tp7Uwo-lcr1eKNT_ehoPC0lA";

/* An ES384 signature that names the P-256 key. */
static const char wrong_curve_token[] =
    "eyJhbGciOiJFUzM4NCIsImtpZCI6InAyNTYifQ.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.G6N9672wD1cLwo"
    "ZBTBlfeAi_XuVcLrUfMbvZpdITwPDQbFFSrs2ZgJ3k3SFZgYZ8eoKvICLNrnCQTNuYZ6fa1ksfkme4XZORO5Aejv"
    "BkZMZYsQwjJYaL4PT54zxZwqzX";

/* The ES256 token with a zero before both halves of its signature: the same numbers, another text.
 */
static const char stretched_token[] =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6InAyNTYifQ.eyJpc3MiOiJqb2UiLCJzdWIiOiJ3aG8ifQ.AEMG4cYdgZRK1M"
    "pHrzvI3RkYl34URaV0iP9W9f9iBDi8AMZtiq1qm-iANRF2MtnbmlHjDUXy8F9Vj-6gKcPMVBJI";

#endif
