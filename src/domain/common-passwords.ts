/**
 * 19726 common passwords, in lower case. Attackers try them first.
 * Source: the list that Django ships (BSD-3-Clause), compiled by Royce Williams from published leaks.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
! !@#$%^ !ab#cd$ !qaz2wsx !~!1 #1bitch #1pimp #1stunna & &#2336; &#2336brayden &hearts &heartstracker *****
****** ******** ********** *123456 - -deleted- . ...... .adgjm .adgjmptw .ktymrf 0 00 000 0000 00000 000000
0000000 00000000 000000000 0000000000 000000000000 0000001 0000007 000000a 000001 000006 000007 000009
00000a 00001111 000111 000123 000666 0007 000777 000786 000999 000webhost 001001 001100 00110011 001122
00112233 001579238 007 007007 007007007 007700 007bond 009988 010 0101 010101 01010101 01011980 01011981
01011982 01011984 01011985 01011986 01011987 01011988 01011990 01011991 01012000 01012009 01012010 01012011
010180 010203 01020304 0102030405 010203040506 01091989 010989 011151zangetsu 011194 012012 0123 01230123
01234 012345 0123456 01234567 012345678 0123456789 01234567890 0123654789 013579 01470147 0147258369 0147852
01478520 0147852369 014789 0147896325 019283 0192837465 020 020202 020304 030 030201 030303 03082006 040
04022000 040404 040506 0420 042945d 050 050505 05081980bija 050965 05200520 060 060606 062593 06lb18 070
070707 070809 080 080365 080808 08520852 090 09051945 09061976 090790 090807 0909 090909 09090909 091296
098098 0987 09876 098765 0987654 09876543 0987654321 0987654321q 098890 098poi 0icotpd785 0o9i8u 0o9i8u7y
0okm9ijn 0p9o8i7u 0r968ji9ufj6 0range 1 1,00001e+14 10 100 1000 100000 1000000 100001 1001 100100 10011001
1002 100200 100200300 100261 1004 100484 100500 1007 101 1010 10101 101010 10101010 1010101010 101080 101085
101086 101087 101088 101089 101090 1011 101101 101112 1012 102 1020 10200718 10201020 10203 102030 10203040
1020304050 102030405060 102030a 102102 1022 1023 1024 10241024 102938 10293847 1029384756 103196 10577
108108 10971199 10987654321 10pace 11 110 110011 110110 110110110 110119 110120 1102 1106782 110688 111
111000 1111 11110000 11111 111111 1111111 11111111 111111111 1111111111 11111111111 111111111111
111111111111111 11111111a 1111111a 1111111q 1111112 111111a 111111aa 111111q 111112 1111122222 11111a 11111q
111122 11112222 1111aaaa 1111qq 1111qqqq 1112 111213 11121314 111222 111222333 111222tianya 111333 111444
111555 111666 111680 111777 111888 111999 111aaa 111qqq 112 112020 1121 112112 1122 112211 11221122 112233
1122334 11223343 11223344 1122334455 112233445566 112233a 112233q 112233qq 1123 112345 1123456 112358
11235813 1123581321 113113 113355 114114 114477 115599 117117 118118 119119 119872653 119911 12 120
1200nerds 120120 120197 120279 120389 1204 1205 120679 120702 1208 120n2x 121 1210 12101961 1211 121106
1211109032 121121 1212 121212 1212121 12121212 1212121212 1212123 121212a 121212q 121213 121234 121282
121283 121284 121285 121286 121287 121288 121289 121290 1213 12131213 121314 12131415 1213141516 1214
12152325 1221 122112 12211221 122122 1223 122333 1223334444 122334 1224 1225 123 1230 123000 1230123
12301230 1230456 123098 1231 123123 1231230 1231231 12312312 123123123 123123123123 123123123a 123123123q
123123321 1231234 123123456 123123a 123123aa 123123q 123123qwe 123123z 123147 12321 1232123 1232323q 123234
123258 1233 123321 1233210 1233211 123321123 123321123321 123321a 123321aa 123321q 123321qwe 123321z 123333
123369 1234 12340987 123412 1234123 12341234 1234321 123443 12344321 12344321a 12344321q 12345 123450
1234509876 123451 12345123 1234512345 123454 123454321 123455 1234554321 1234556 123456 123456! 123456*
123456+ 123456. 1234560 12345600 1234561 12345612 123456123 123456123456 1234565 12345654321 1234566
123456654321 1234567 12345671 12345677 12345678 123456780 123456781 123456788 123456789 123456789*
123456789+ 123456789. 1234567890 1234567890- 1234567890-= 12345678900 12345678900987654321 12345678901
1234567890123 12345678901234567890 1234567890a 1234567890q 1234567890qwe 1234567890qwertyuiop 1234567890z
1234567891 12345678910 1234567891011 123456789101112 123456789123 123456789123456 1234567891234567
123456789123456789 1234567898 12345678987654321 1234567899 123456789987654321 123456789a 123456789aa
123456789abc 123456789as 123456789asd 123456789b 123456789c 123456789d 123456789e 123456789f 123456789g
123456789h 123456789i 123456789j 123456789k 123456789l 123456789m 123456789n 123456789o 123456789p
123456789q 123456789qaz 123456789qw 123456789qwe 123456789qwerty 123456789r 123456789s 123456789t 123456789v
123456789w 123456789x 123456789y 123456789z 123456789zxc 12345678a 12345678b 12345678d 12345678j 12345678k
12345678m 12345678q 12345678r 12345678s 12345678z 12345679 123456798 1234567a 1234567b 1234567c 1234567d
1234567g 1234567h 1234567j 1234567k 1234567l 1234567m 1234567n 1234567p 1234567q 1234567qq 1234567r 1234567s
1234567t 1234567u 1234567w 1234567y 1234567z 1234568 12345687 12345689 1234569 123456987 123456@ 123456a
123456aa 123456aaa 123456ab 123456abc 123456abcd 123456as 123456asd 123456asdf 123456az 123456b 123456c
123456d 123456e 123456f 123456g 123456h 123456i 123456j 123456k 123456l 123456m 123456mm 123456n 123456o
123456ok 123456p 123456q 123456qaz 123456qq 123456qw 123456qwe 123456qwer 123456qwerty 123456r 123456s
123456ss 123456t 123456u 123456v 123456w 123456x 123456y 123456z 123456zx 123456zxc 123456zz 123457 123458
123459 123459876 12345a 12345aa 12345abc 12345abcd 12345abcde 12345as 12345asd 12345asdfg 12345b 12345c
12345d 12345e 12345f 12345g 12345h 12345i 12345j 12345k 12345l 12345m 12345n 12345o 12345p 12345q 12345qaz
12345qw 12345qwe 12345qwer 12345qwert 12345qwerty 12345r 12345s 12345six 12345t 12345v 12345w 12345x 12345y
12345z 12345zxc 12345zxcvb 12346 123465 123467 12346789 12348765 1234aa 1234ab 1234abc 1234abcd 1234as
1234asd 1234asdf 1234five 1234love 1234qaz 1234qq 1234qw 1234qwe 1234qwer 1234qwerty 1234rewq 1234zxcv 1235
123546 123567 1235789 1235813 123581321 1236 123654 1236547 12365478 123654789 123654987 123654a 123666
123678 12369 123698 1236987 12369874 123698741 123698745 123789 123789456 1237895 123852 123890 123987
123987456 123a123 123a123a 123a456 123aaa 123abc 123abc123 123abc456 123abcd 123admin32 123admin321
123admin321a 123asd 123asd123 123asdf 123edc 123ert 123ewq 123four 123hfjdk147 123kid 123lol 123love
123mudar 123odidol 123password 123q123 123q123q 123qaz 123qazwsx 123qq123 123qqq 123qwe 123qwe123
123qwe123qwe 123qwe456 123qweasd 123qweasdzxc 123qwer 123qwert 123qwerty 123red 123soleil 123stella 123wer
123xyz 123zaq 123zxc 123zzz 124124 12413 124356 1245 124578 124578963 125125 125678 126126 1272446 128128
128500 12love 12monkeys 12qw! 12qw12 12qw12qw 12qw23we 12qw34 12qw34er 12qwas 12qwaszx 12qwerty 12s3t4p55
12step 12three 13 130 130130 131 131061 1313 131313 13131313 131313a 1314 13141314 131415 131420 131421
1314520 1314521 132040 132132 1324 13241324 132435 13243546 132456 13245768 132465 132465798 132680
13301827475 1342 134679 134679258 134679852 13489277 135135 135246 1357 13571357 13572468 13579 13579-
135790 1357908642 135791 1357911 1357913579 135792 135792468 1357924680 135798642 13579a 1357reti99
13587930210 1366613 137900 13791379 139381512 13marino 14 140 140473 14121412 1414 141414 14141414 141516
1420839army 142536 142857 143 143143 143143143 14344 1435254 145145 145236 1453 14531453 145632 14629227 147
147147 147147147 147258 14725836 147258369 1472583690 147258369a 147369 1475369 1475963 147741 147852
147852369 14789 147896 1478963 14789632 147896321 147896325 147963 1488 14881488 15 150 150556 150781 150801
1515 151515 15151515 151617 152535 153153 153426 153624 153759 15426378 154322358 15516210 156156 15727666
15731573 159 1590736tany 159159 159159159 159258357 159263 159357 159357258 159357456 159357a 159357r 159487
159632 1596321 159753 1597530 159753123 159753159753 159753258 159753456 159753852 159753a 159852 159874
1598741 1598753 159875321 159951 16 160 160403 16051980 161616 16161616 16246149 162534 168168 168asd168 17
170 171204jg 1717 171717 17171717 171819 172839 173928 18 180 1818 181818 18181818 181920 18273645 18297649
18436572 185800 1867sb 187187 18atcskd2w 18n28n24a5 19 190 19031903 190494 1905 19051905 1907 19071907
190986 191191 1919 191919 19191919 192837 19283746 192837465 19411945 1945 19451945 1950 1951 1952 1953 1954
19541954 1955 1956 19561956 1957 19571957 1958 19581958 1959 19591959 196 1960 19601960 1961 19611961 1962
19621962 1963 19631963 1964 19641964 1965 19651965 1966 19661966 1967 19671967 1968 19681968 1969 19691969
197 1970 19701970 1971 19711971 1972 19721972 1973 19731973 1974 19741974 1975 19751975 1976 19761976 1977
19771977 197777 1978 197800 19781978 1979 197900 19791979 197979 198 1980 198000 19801980 1981 198100
19810301 198111 19811981 1982 198200 19821108 19821982 198282 1983 198300 198311 198312 19831983 1984 198400
198410 198411 198412 19841984 198484 1985 198500 198511 198512 19851985 198585 1986 198600 198611 198612
19861986 198686 1987 198700 198711 198712 1987123 19871987 198787 1988 198800 19881988 198888 1989 198900
19891989 198989 199 1990 19901990 1991 19911991 1992 19921992 1993 19931993 1993ga4mi 1994 19941028 19941994
1995 19951995 1996 19960122 19961996 1997 19971997 1998 19981998 1999 19991999 199999 19weed 1a1a1a 1a1a1a1a
1a2a3a 1a2a3a4a 1a2a3a4a5a 1a2b3c 1a2b3c4d 1a2b3c4d5e 1a2s3d 1a2s3d4f 1a2s3d4f5g 1aaaaa 1aaaaaa 1abcde
1abcdef 1abcdefg 1amanda 1america 1andonly 1andrew 1angel 1anthony 1apple 1asdfg 1asdfgh 1asdfghjkl 1ashley
1asshole 1babyboy 1babygirl 1badass 1badboy 1baller 1banana 1baseball 1basketbal 1bigdaddy 1bigdick 1bigdog
1bitch 1blood 1brandon 1butterfly 1chance 1charlie 1chicken 1chocolate 1chris 1computer 1cookie 1cutie
1daddy 1daniel 1destiny 1diamond 1dollar 1dragon 1e+14 1faith 1family 1flower 1football 1fptjtl919
1fr2rfq7xl 1freedom 1friend 1fucker 1fuckyou 1g2w3e4r 1gangsta 1grandma 1harley 1heart 1hello 1hotmama
1hottie 1hunter 1iloveyou 1jasmine 1jessica 1jesus 1jordan 1justin 1killer 1life2live 1loser 1love1 1loveme
1lover 1loves 1loveu 1loveyou 1master 1melissa 1michael 1michelle 1million 1mommy 1money 1monkey 1moretime
1mother 1mustang 1myspace 1newlife 1nicole 1nigga 1nigger 1ofakind 1olmetec1 1onelove 1orange 1password
1peanut 1pepper 1pimpin 1player 1princess 1purple 1pussy 1q1q1q 1q1q1q1q 1q2a3z 1q2q3q 1q2q3q4q 1q2q3q4q5q
1q2w3e 1q2w3e4 1q2w3e4r 1q2w3e4r5 1q2w3e4r5t 1q2w3e4r5t6 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i
1q2w3e4r5t6y7u8i9o 1q2w3e4r5t6y7u8i9o0p 1qa2ws 1qa2ws3ed 1qay2wsx 1qaz 1qaz!qaz 1qaz1qaz 1qaz2w 1qaz2wsx
1qaz2wsx3e 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qaz@wsx 1qazse4 1qazwsx 1qazxc 1qazxsw 1qazxsw2 1qazxsw23edc
1qazzaq1 1qw23er4 1qwert 1qwerty 1qwertyu 1qwertyuio 1robert 1secret 1sexybitch 1shadow 1shorty 1soccer
1stunna 1summer 1sunshine 1superman 1tigger 1treehill 1truelove 1ty2an3ja 1urkilbth674 1v7upjw3nt 1william
1z2x3c 1z2x3c4v 1z2x3c4v5b 1zn6fpn01n 1zn6fpn01x 1zxcvbnm 1zzzzz 2 20 200 2000 200000 20002000 2001 20012001
2002 200200 20022002 2003 20032003 2004 20042004 2005 20052005 2006 20062006 200669 2007 20070509031
20072007 20072008 2008 20082008 20082009 200888 2009 20092009 20092010 200991 201 2010 20102010 2011
20112011 2012 20122012 2012comeer 201314 2020 202020 20202020 202122 203040 21 210 21052003 211 2112
21122112 211314 21152117 2121 212121 21212121 212223 2128506 213213 214365 21864812 22 220 22021988 220389
22071972 221 2211 221122 221133 221188 22152182 222 222111 2222 22222 222222 2222222 22222222 222222222
2222222222 222222a 222333 222444 222555 223322 223344 22334455 223456 224466 22446688 2246926 225588 228228
22janv67 23 230 231 2323 232323 23232323 232425 234234 2345 23456 234567 2345678 23456789 235689 23628221
23jordan 23skidoo 24 240 2416101113 2424 242424 24242424 242526 2468 24680 246800 246810 24681012 246813579
24682468 24862486 24crow 25 250 25011990 251314 2525 25251325 252525 25252525 25257758 252627 253314
25393275 257ers 2580 258000 25800852 25802580 258258 258369 258456 258741 258852 258963 25nuvaha 260 262626
26262626 26665806 26r10d 270 27081989 271282 27140621 27254931 2727 272727 27272727 27352735 27412678 27653
280 28081976 282828 28282828 290 290892 290966 29271188 292929 2933455 29422277 29694419 299kgj8hgf 29rsavoy
2angels 2babies 2blessed 2bornot2b 2children 2cool4u 2cute4u 2cxdn8s271 2fast4u 2fresh 2gether 2girls
2good4u 2hot4u 2hot4you 2kroliczek 2lovers 2pacshakur 2password 2q2w3e8r5t 2sexy4u 2short 2sisters 2sweet
2twins 2w3e4r 2w3e4r5t 2wsx3edc 2wsxzaq1 3 3.1415926 300 3000gt 300300 301197 301285mn 302010 303030 30media
310 3106934abc 31081981rs 311070 311311 312312 312881040 313131 31313131 313313 31337a 314159 31415926
3141592654 315315 31x7t5xbke 321 321123 321321 321321321 321456 321456987 321654 321654987 32167 321678 3232
323232 32323232 3232547 32342711 326159487 326598 32flame 332211 333 333221 333222 3333 33333 333333 3333333
33333333 333333333 3333333333 333444 333555 333666 333666999 333777 333888 333999 3344520 334455 335577
336699 343434 34343434 345345 345678 3456789 3526535265 353535 35365123 357159 357357 357753 357951 360flip
362436 362514 363636 3647226 369258 369258147 369369 369369369 369852 369852147 3698741 369963 36mafia
373737 383838 39073588 393041123 393939 3angels 3babies 3children 3d8cubaj2e 3daysgrace 3edc4rfv 3girls
3odi15ngxb 3qdlqb49js 3rjs1la2qe 3rjs1la7qe 3rjs5la8qe 3s43pth5aea 3sisters 3syqo15hil 3tktkthth 3tutso24qf
4 40028922 404040 41034103 414141 415263 420 4200 420247 420420 420weed 421uiopy258 4224035 424242 426hemi
427468 4321 43214321 434343 435453 4391634m 43922572 440226 44332211 444 4444 44442013vkkv 44444 444444
4444444 44444444 4444444444 444555 445566 44f16f17f 4545 454545 45454545 45533990 456 456123 456123789
456258 456321 456456 456456456 456654 4567 456789 456789123 456852 456987 46265216 464646 474747 475869
47593893 476730751 4815162342 4826159 484066 484848 494949 4children 4ever 4everlove 4girls 4jesus 4money
4mykids 4myspace 4rfv5tgb 4runner 4wheeler 5 500000 500500 5050 505050 50505050 50cent 51200000 5150
51505150 515151 515253 51615801 518518 520025 5201314 520520 520530 520love101182 521125 5211314 521521
52253823 5234055 523456 525252 527728 52hoova 53472235 535353 54226269 54321 543210 54321a 54321q 545454
5482++ 5532361cnjqrf 555 555000 5551212 555222 555333 555444 5555 55555 555555 5555555 55555555 555555555
5555555555 555555a 555556 55555a 555666 555777 555888 55665566 556677 55667788 557799 5610405 564335 5656
565656 56565656 567567 5678 56789 567890 567tyu 575757 578322 57chevy 584520 5845201314 584521 585858 586016
59230120 595959 59mile 59trick 5a8b9c2d 5children 5hsu75kpot 5plk4l5uc7 5poppin 5x1cjdsb9p 5xfgs3ii9d 6
606060 615243 616161 619619 619rey 622906268 62543234 626262 63145151 634142554 635241 6358986 636363 646464
64impala 654123 654321 6543210 6543211 654321a 654321q 654654 654789 654987 656565 65mustang 665544 666
66613666 666333 666555 6666 66666 666666 6666666 66666666 666666666 6666666666 666666a 666777 666888 666999
667788 66bob 66mustang 67529353 676767 678678 678910 67camaro 67mustang 6817zd57 68582988 686611 686868
68camaro 69664848 6969 696969 69696969 696969a 69camaro 69charger 69cougar 69mustang 6hbf28w791 6strings
6v21wbgad 7 7007 707070 709394 71191926 717171 721521 723723723 727272 73439984 73501505 737373 7410
74107410 74108520 7412369 74123698 741236985 741258 741258963 7415963 741741 741852 741852963 7418529630
741963 74699723 747474 747546 748159263 748596 753159 753357 753753 753951 757575 765432 7654321 767676
774517397 7753191 7758258 7758520 7758521 776158ab 777 777111 777333 777555 777666 7777 77777 777777 7777777
77777777 777777777 7777777777 7777777a 777777a 777888 777888999 7779311 777999 778899 780813 784512 786110
786786 786786786 787878 78787878 787898 789 789123 789123456 789321 789456 7894561 78945612 789456123
7894561230 789456123a 789456a 7895123 7896321 78963214 789632145 789654 789654123 789789 789789789 789852
789987 791159392 794613 797979 7elephants 7seven 7ugd5hip2j 8 8-9899578642 80 800620 8008070 8008beb
80173rroom5 808080 80fefune 814336633 818181 82214989 82597971 828282 83742222 838383 848484 849vak17
85208520 852123 85218812 8522003 852258 852369 852456 852456i 852654 852741 852852 852963 85726648 858585 86
8616695 863560 8675309 868686 871982 87654321 87654321q 878787 87calis 885522 888 888666 888777- 8888 88888
888888 8888888 88888888 8888888888 888999 89058895869cth 890890 89173371487v 89272585 893208 895623 898989
89898989 8eight 8ix6s1fceh 8phrowz622 8phrowz624 9 9-11-1961 90210 906090 909090 90909090 911 9111961 911911
9121318barssuki 918273 918273645 91866709 919191 9198425200 92246247 92298899 929292 9293709b13 92dk2cidp
92k2cizcdp 9379992 939393 94246843 94327579 946hvt 9508402243id 951159 951357 95135876 951753 951951 956208q
9562876 959595 96101z 9632147 963258 963258741 963369 963741 963852 963852741 9638527410 963963 969696
976431 979575 979797 980099 986532 987 987123 987321 9874123 987412365 987456 987456321 9876 98765 987654
9876543 98765432 987654321 9876543210 9876543211 987654321a 987654321q 987654a 987789 987987 989898 98989898
9958123 996633 998877 99887766 999 999000 999111 999666 999888 9999 99999 999999 9999999 99999999 999999999
9999999999 <blank> <password> ?? ??? ???? ????? ?????? ??????? ???????? ????????? ?????????? ??????@mail.ru
@!@ @@@@@@ @bigmir.net a a00000 a000000 a11111 a111111 a1111111 a112233 a1169619 a121212 a12121212 a123098
a123123 a123321 a12345 a123456 a1234567 a12345678 a123456789 a1234567890 a123456a a123654 a12b13c14 a159753
a1a1a1 a1a1a1a1 a1a2a3 a1a2a3a4 a1a2a3a4a5 a1b2c3 a1b2c3d4 a1b2c3d4e5 a1s2d3 a1s2d3f4 a1s2d3f4g5 a23456
a4tech a5201314 a54321 a55555 a654321 a6543210 a666666 a696969 a7777777 a801016 a838hfid a987654321 aa
aa123123 aa1234 aa123456 aa224466 aa261599 aaa aaa111 aaa123 aaa123123 aaa123456 aaaa aaaa11 aaaa1111 aaaaa
aaaaa1 aaaaa5 aaaaaa aaaaaa1 aaaaaaa aaaaaaa1 aaaaaaaa aaaaaaaa1 aaaaaaaaa aaaaaaaaa1 aaaaaaaaaa aaabbb
aaabbb2 aaasss aabbcc aaliyah aaliyah1 aardvark aaron aaron1 aaron12 aaron123 aaron431 aassdd ab1234 ab12345
ab123456 abbey1 abbey2010 abbie1 abby abby12 abby123 abc abc123 abc123! abc123123 abc1234 abc12345 abc123456
abc1234567 abc123456789 abc123abc abc321 abc456 abc@123 abcabc abcabc123 abcd abcd12 abcd123 abcd1234
abcd12345 abcd123456 abcde abcde1 abcde123 abcde12345 abcdef abcdef1 abcdef12 abcdef123 abcdefg abcdefg1
abcdefg123 abcdefgh abcdefgh1 abcdefghi abcdefghi1 abcdefghij abcxyz abdullah abenteuer aberdeen abhishek
abigail abigail1 abiodun abracadabra abraham abraham1 abrakadabra absolut absolute abundance academia
academy acapulco access access1 accord account account1 accounting acdc123 ace ace123 achille achilles
acmilan action action1 active acts238 acuario aczx7812 ad123456 adadad adam adam12 adam123 adam1234
adams33486 addicted addison addison1 addl0223 adebayo adekunle adelaide adelina adeline ademola adeola
adewale adeyemi adgjmp adgjmptw adidas adidas1 adidas123 aditya admin admin1 admin123 admin1234
administrator admiral adolfo adonai adonis adrenalin adrian adrian1 adrian12 adrian123 adriana adriana1
adrianna adrianna1 adriano adrien adrienne adrienne1 adsl120 adv23 adv24 advance adventure advocate
aerosmith aerosmith1 aezakmi afghanistan africa africa1 afrika afrodita agatha agathe agent007 aggies agnes
agnieszka agnieszka1 agosto aguila aguilar aguilas agustin agustina ahbird1984 ahmed ahmed1 ahmed123 ahov
aidan1 aiden1 aikido aileen aimee1 airborne airborne1 airbus airforce airforce1 airplane airplane1 airport
airsoft1 aishiteru aishwarya aja152 akademiks11 akatsuki akax89wn akira akopa123 akshay aksrms8010 aku123
alabama alabama1 aladdin aladin alain alan alana1 alanis alanna alaska alaska1 albania albatros albert
albert1 alberta alberto alberto1 albina albion alcatel alcatraz alchemist aldebaran aldrin ale ale123
alegria alejandra alejandra1 alejandro alejandro1 alejandro2 aleksa aleksander aleksandr aleksandra aleksei
aleksey alemania alena alenka alesana alesha alessandra alessandro alessia alessio alex alex01 alex07 alex08
alex10 alex11 alex12 alex123 alex1234 alex13 alex14 alex15 alex16 alex17 alex18 alex2000 alex21 alex22
alex23 alex24 alex99 alexa alexa1 alexalex alexan alexande alexander alexander1 alexander2 alexander3
alexander7 alexandr alexandra alexandra1 alexandre alexandria alexandru alexey alexia alexia1 alexis
alexis01 alexis09 alexis1 alexis10 alexis11 alexis12 alexis123 alexis13 alexis2 alexis3 alfa147 alfa156
alfaromeo alfie alfie1 alfonso alfonso1 alfred alfred1 alfred19 alfredo alfredo1 algebra algerie ali ali123
aliali alianza alibaba alicante alice alice1 alice123 aliceadsl alicia alicia1 alien aliens aligator alina
alina1 alina123 alinka alisa alisha alisha1 alisher alison alison1 alissa alivioo aliyah all all4me all4one
alladin79 allah allah1 allah786 allahakbar allahis1 allahu allahuakbar allan allen allen1 allen123 allen3
alleycat alliance allie allie1 alligator allison allison1 alliswell allmine allmine1 allrecipes allstar
allstar1 allyson allyson1 almario927 almighty almighty1 almond almost1 aloha aloha1 alohomora alondra
alondra1 alone alone1 alonso alonzo alpacino alpha alpha1 alpha123 alphabet alpine altair alterego althea
alucard alucard1 alvarez alvaro alvin alvin1 always always1 alyson alyssa alyssa1 alyssa12 alyssa123 alyssa2
ama amadeus amalia amanda amanda! amanda01 amanda1 amanda11 amanda12 amanda123 amanda13 amanda2 amanda21
amanda22 amanda3 amanda69 amandine amarillo amateur amatory amazing amazing1 amazon amber amber1 amber12
amber123 amber2 ambition amdturion64 amelia amelia1 amelie america america1 america10 america12 america123
america13 america2 america7 american american1 amerika amethyst amigas amigos amina aminata amistad amizade
amnesia amor amor12 amor123 amoramor amorcito amore amoremio amores amoreterno amormio amour amoure
amoureuse amoureux amours amparo amrita amsterdam amsterdam1 amy amy123 amylee ana ana123 anabel anaconda
anakin anakonda analsex anamaria anamika ananas ananda anarchy anarchy1 anastasia anastasia1 anastasiya
anatoliy anchor and and123 anders anderson anderson1 andg1705 andi121382 andre andre1 andre123 andre1986
andrea andrea1 andrea12 andrea123 andrea2 andreas andreas1 andreea andrei andreia andreita andrej andres
andres1 andrew andrew! andrew01 andrew1 andrew10 andrew11 andrew12 andrew123 andrew13 andrew2 andrew21
andrew22 andrew23 andrew3 andrew5 andrew7 andrews andrey andrey1412ua android andromeda andrusic1 andy
andy12 andy123 anechka anetka11 anfield anfisa ang angedemon angel angel! angel01 angel05 angel06 angel07
angel08 angel09 angel1 angel10 angel101 angel11 angel12 angel123 angel1234 angel13 angel14 angel15 angel16
angel17 angel18 angel19 angel2 angel20 angel21 angel22 angel23 angel24 angel25 angel26 angel27 angel3 angel4
angel5 angel6 angel666 angel675 angel69 angel7 angel77 angel777 angel8 angel88 angel9 angel99 angela angela1
angela12 angela123 angelbaby angelbaby1 angele angeles angeleyes angeleyes1 angelface angeli angelic
angelica angelica1 angelika angelina angelina1 angeline angelique angelita angelito angelito1 angell angelo
angelo1 angelok angels angels1 angels12 angels123 angels2 angels3 angelseye22 angelus angie angie1 angie123
angle1 angola angus angus1 anhyeuem ania1986 animal animal1 animals animals1 animation anime anime1 anime123
aninha anissa anita anita1 anitha anjali anjing ankara ankita ann ann123 anna anna12 anna123 annaanna
annabel annabell annabelle annabelle1 annalisa annamaria anne annemarie annette annette1 annie annie1
annie123 annika annmarie anno1602 anonymous another another1 answer ant ant123 antares anthony anthony!
anthony01 anthony07 anthony08 anthony1 anthony10 anthony11 anthony12 anthony123 anthony13 anthony14
anthony15 anthony2 anthony21 anthony22 anthony23 anthony3 anthony4 anthony5 anthony6 anthony7 anthony8
anthony9 antivirus antoine antoine1 antoinette anton anton1 anton123 antonella antonia antonia1 antonina
antonino antonio antonio1 antonio123 antonio2 antony anubis anuradha anurag anusha anything anything1
aobo2010 aol123 apache apache1 aparna apelsin aphrodite apocalypse apollo apollo1 apollo11 apollo13 apple
apple1 apple11 apple12 apple123 apple2 apple22 apple3 apple5 applepie applepie1 apples apples1 apples12
apples123 apples2 applesauce approtec april april1 april10 april11 april12 april123 april13 april14 april15
april16 april17 april18 april19 april2 april20 april21 april22 april23 april24 april25 april26 april27
april28 april29 april3 april30 april4 april5 april6 april7 april8 april9 aprilia apsk54321 aptx4869
aq1sw2de3 aqswde aquarius aquarius1 aquila aqwzsx aqwzsxedc arabella arabella24630 araceli aragon aragorn
aragorn1 aramis arcadia arcangel archana archangel archer archie archie1 architect arcobaleno area51
argentina argentina1 ariadna ariana ariana1 ariane arianna arianna1 ariel ariel1 arielle aries aries1
arizona arizona1 arkansas arkansas1 arlene armada armageddon armagedon armand armando armando1 armani
armani1 armenia armorgames armstrong armstrong1 armyof1 arnaud arnold arnold1 arod13 arschloch arschloch1
arsenal arsenal1 arsenal11 arsenal12 arsenal123 arsenal14 arsenalfc arslan art art123 artem artemis artemka
arthur arthur1 artist artist1 artur arturo arturo1 arvind arwd89 as1234 as12345 as123456 as790433 asa123
asas asasas asasas1 asasasas asassin1997 asawako asd asd123 asd1234 asd12345 asd123456 asd123asd asd321
asd456 asd666fds asdasd asdasd1 asdasd12 asdasd123 asdasd5 asdasd666 asdasdasd asdasdasd1 asddsa asdewq asdf
asdf11 asdf12 asdf123 asdf1234 asdf12345 asdf123456 asdf3423 asdfasdf asdfasdf1 asdfbeans1 asdffdsa asdfg
asdfg1 asdfg12 asdfg123 asdfg12345 asdfgh asdfgh01 asdfgh1 asdfgh12 asdfgh123 asdfghj asdfghj1 asdfghjk
asdfghjk1 asdfghjkl asdfghjkl0 asdfghjkl1 asdfghjkl12 asdfghjkl123 asdfghjkl; asdfghjklhudson1
asdfghjklwinston1 asdfjkl asdfjkl1 asdfjkl; asdfjklknight asdfqwer asdfzxcv asdqwe asdqwe123 asdzxc
asdzxc123 asemmanis ash ash123 ashanti ashanti1 ashish ashlee ashlee1 ashleigh ashleigh1 ashley ashley!
ashley01 ashley08 ashley09 ashley1 ashley10 ashley11 ashley12 ashley123 ashley13 ashley14 ashley15 ashley16
ashley17 ashley18 ashley2 ashley21 ashley22 ashley23 ashley3 ashley4 ashley5 ashley6 ashley69 ashley7 ashlyn
ashton ashton1 ashwini asia asian1 aspen1 aspire aspirine asroma ass ass123 assasin assass assass1 assassin
assassin1 assface1 assh0le asshole asshole! asshole. asshole1 asshole12 asshole123 asshole2 asshole3
asshole69 assholes assman assman1 asswipe1 astalavista asterix astonmartin astonvilla astra astray astrid
astrid29 astros astros1 asturias athena athena1 athens athlon atlanta atlanta1 atlantic atlantis atlantis1
atlars10 atletico atomic atreyu atreyu1 attack atticus attila attitude attitude1 aubrey aubrey1 auburn
auburn1 audi audi1991 audi80 audia3 audia4 audia6 audiopel auditt audrey audrey1 aug aug!272010 august
august1 august10 august11 august12 august13 august14 august15 august16 august17 august18 august19 august2
august20 august21 august22 august23 august24 august25 august26 august27 august28 august29 august30 august31
august8 augusta augustine augusto augustus aurelia aurelie aurelien auriane aurora aurora1 aurore aussie
aussie1 austin austin01 austin1 austin10 austin11 austin12 austin123 austin13 austin2 austin3 austin316
australia australia1 austria author automobil autumn autumn1 avalanche avalon avalon08 avalon1 avatar
avatar1 avemaria avenged avenger aventura avery1 aviation avinash avril avrillavigne awei1616 awesome
awesome! awesome1 awesome123 awesome2 awful awsome awsome1 axelle axio axlrose ayesha ayomide aysa2423
az123456 azacos azamat azazaz aze aze123 azert azerty azerty1 azerty12 azerty123 azertyu azertyui azertyuiop
azsxdc azsxdcfv aztnm b b-ball b00b00 b00bies b12345 b123456 b1234567 b123456789 b2spirit b4272327 bab baba
baba123 bababa babababa babatunde babe babe12 babe123 babes babies babies1 babies2 baboso baby baby01 baby02
baby05 baby06 baby07 baby08 baby09 baby10 baby101 baby11 baby12 baby123 baby1234 baby13 baby14 baby15 baby16
baby17 baby18 baby19 baby2008 baby2009 baby21 baby22 baby23 baby24 baby25 baby69 babybaby babybaby1 babybear
babybear1 babyblue babyblue1 babyboo babyboo1 babyboy babyboy1 babyboy12 babyboy123 babyboy2 babyboy3
babycakes babycakes1 babydoll babydoll1 babyface babyface1 babyg1 babygirl babygirl! babygirl01 babygirl06
babygirl07 babygirl08 babygirl09 babygirl1 babygirl10 babygirl11 babygirl12 babygirl13 babygirl14 babygirl15
babygirl16 babygirl17 babygirl18 babygirl19 babygirl2 babygirl20 babygirl21 babygirl22 babygirl23 babygirl24
babygirl3 babygirl4 babygirl5 babygirl6 babygirl69 babygirl7 babygirl8 babygirl9 babygurl babygurl1
babygurl12 babygurl13 babygurl14 babygurl2 babyko babykoh babylon babylon5 babylove babylove1 babymama1
babyphat babyphat1 bacardi bacardi1 bacchus backend backsdau backspace backspace1 backstreet bacon bacon1
bad bad123 badass badass1 badazz1 badbitch1 badboy badboy1 badboy12 badboy123 badboy2 badboys badboys2
baddog badger badger1 badgers badgirl badgirl1 badman badman1 badminton badoo badoobadoo baggies1 baggins
baggio bagira bagpuss bahamas bahamut bahia1979 bailey bailey01 bailey1 bailey11 bailey12 bailey123 bailey2
baili123com bajingan baker baker1 baker3 bakugan balaji balance ball balla1 baller baller1 baller10 baller11
baller12 baller123 baller13 baller2 baller21 baller22 baller23 baller24 baller3 baller5 ballerina ballet
ballet1 ballin ballin1 ballin12 ballin2 ballin23 ballin3 ballon balloon balls balls1 baltazar baltimore
baltimore1 bam123 bambam bambam1 bambi bambi1 bambino bambolina bamboo bambou banaan banana banana1 banana11
banana12 banana123 banana2 bananas bananas1 banane band123 bandit bandit01 bandit1 bandit12 bandit123
bandit2 bandung bang bangalore bangbang bangbang1 bangkok bangladesh bangsat bank24 bankai banshee banshee1
banzai baptiste bar baracuda barakuda barbados barbara barbara1 barber barbie barbie1 barbie12 barbie123
barbie2 barbiegirl barca barcelona barcelona1 barcelone barkley barkley1 barley barnes barney barney1
barosan barracuda barrett barry barry1 barselona barsik bart bartek bartek1 bartman bas baseba11 baseball
baseball! baseball. baseball08 baseball09 baseball1 baseball10 baseball11 baseball12 baseball13 baseball14
baseball15 baseball16 baseball17 baseball18 baseball19 baseball2 baseball20 baseball21 baseball22 baseball23
baseball24 baseball25 baseball3 baseball33 baseball4 baseball5 baseball6 baseball7 baseball8 baseball9
basket basket1 basketbal1 basketbal9 basketball basketball1 bass bassman bassman1 bastard bastard1 bastardo
basti_1014 bastian bastien batata batista batista1 batman batman01 batman1 batman11 batman12 batman123
batman13 batman2 batman22 batman23 batman3 batman5 batman69 batman7 battery battle battle1 battlefield
bautista baxter baxter1 baybay1 bayern bayern94 baylee bazooka bball bball1 bball10 bball11 bball12 bball123
bball13 bball14 bball2 bball21 bball22 bball23 bball24 bball3 bball5 bbbb bbbbb bbbbb1 bbbbbb bbbbbb1
bbbbbbb bbbbbbbb bbleo1zz bdfyjd bdfyjdf bea beach beach1 beachbum beaches beaches1 beagle beagle1 beamer
beaner beaner1 beanie beanie1 bear bear12 bear123 bearbear bearbear1 beardog bears bears1 bears54 bearshare
beast beast1 beast123 beast556 beastie0 beatles beatles1 beatrice beatrice1 beatriz beautiful beautiful1
beautiful2 beauty beauty1 beaver beaver1 beavis beavis1 bebe bebe12 bebe123 bebita because because1 becca
becca1 becker beckham beckham1 beckham23 beckham7 becky becky1 beebee beefcake beeline beer beethoven
beethoven9 beetle begemot behappy behappy1 bela2404 believe believe1 belinda belinda1 belinea belinea85
bella bella01 bella1 bella12 bella123 bella13 bella2 belle belle1 bellissima belmont beloved beloved1 ben
ben123 benben bender benedict benfica benfica1 bengals bengals1 benito benjamin benjamin1 benjamin15 benji
benji1 benjie bennett bennett1 bennie benny benny1 benny123 benoit benson benson1 benten bentley bentley1
beowulf berenice beretta berger bergkamp berkeley berlin berlin1 bermuda bernadette bernard bernard1
bernardo bernice bernie bernie1 berry berry1 berserk bertha bertha1 bertie bertrand besiktas bessie best
bestfriend bestfriends beth bethany bethany1 better better1 bettina bettina23 betty betty1 betty123
bettyboop bettyboop1 beverly beverly1 beyblade beyonce beyonce1 beyond bff123 bff4ever bharat bhbirf bhbyrf
bhebhe bhf bhjxrf bianca bianca1 biatch bibi bibiche bible bible1 bicycle bieber big big123 bigballs
bigballs1 bigbang bigbear bigbear1 bigben bigben1 bigbird bigbird1 bigblue bigboi1 bigboobs bigbooty1
bigboss bigboss1 bigboy bigboy1 bigboy12 bigboy123 bigboy2 bigbrother bigcock bigdaddy bigdaddy1 bigdick
bigdick1 bigdog bigdog1 bigfish bigfoot bigfoot1 biggie biggie1 biggles bigguy bighead bighead1 bigmac
bigmac1 bigmama bigmama1 bigman bigman1 bigmoney bigmoney1 bigone bigpimp1 bigpimpin bigpimpin1 bigred
bigred1 bigsexy bigsexy1 bigtime bigtits bigtits1 biker1 bill bill123 billabong billabong1 billie billie1
billiejoe1 billy billy1 billy123 billybob billybob1 billyboy biloute bin bingo bingo1 bingo123 bintang
biohazard biologia biology bionicle bird bird33 birdie birdie1 birdie123 birdman birdman1 birillo birmingham
birthday birthday1 biscotte biscuit biscuit1 biscuit22 bishop bishop1 bismilah bismillah bismillah1 bisous
bitch bitch! bitch. bitch01 bitch07 bitch08 bitch09 bitch1 bitch10 bitch101 bitch11 bitch12 bitch123
bitch1234 bitch13 bitch14 bitch15 bitch16 bitch2 bitch21 bitch22 bitch23 bitch3 bitch4 bitch5 bitch6
bitch666 bitch69 bitch7 bitchass bitchass1 bitches bitches! bitches1 bitches2 bitchy bitchy1 biteme biteme!
biteme1 biteme2 biteme69 bizkit bjk1903 bkl29m2bk bl8lygb0 bla blabla blabla1 blabla123 blablabla blablabla1
black black1 black11 black12 black123 black13 black2 black21 black22 black23 black3 black5 black666 black7
blackberry blackbird blackbird1 blackcat blackcat1 blackcat123 blackdog blackdog1 blackhawk blackhawk1
blackie blackie1 blackjack blackjack1 blackman blackman1 blackops blackout blackout1 blackpool blackrose
blackrose1 blacks blackstar blackwater blacky blacky1 blade blade1 blades blah blah12 blah123 blahblah
blahblah1 blaine blake blake1 blake123 blanca blanca1 blanche blanco blaster blaster1 blaze blaze1 blaze420
blazer blazer1 blbyf bleach bleach1 blessed blessed1 blessed2 blessed7 blessing blessing1 blessings bling1
blingbling blink blink123 blink182 blix729 blizzard blizzard1 blkdrag0ns blogs123 blonde blonde1 blondie
blondie1 blood blood1 blood123 blood4life blood5 bloods bloods1 bloods5 bloody bloody1 bloodz1 blossom
blossom1 blowjob blowjob1 blowme blowme1 blowme69 blue blue01 blue10 blue11 blue12 blue123 blue1234 blue13
blue14 blue15 blue16 blue21 blue22 blue23 blue24 blue32 blue33 blue42 blue44 blue45 blue55 blue69 blue77
blue88 blue99 bluebell blueberry blueberry1 bluebird bluebird1 blueblue blueboy blueboy1 bluedog bluedog1
blueeyes blueeyes1 bluefish bluejay bluemoon bluemoon1 bluerose blues blues1 bluesky bluesky1 bluestar
blunt420 blunts bmw123 bmw320 bmw325 bmwbmw bmx123 bmx4life bo1997 bob bob101 bob123 bob1234 bobafett bobbie
bobbie1 bobbob bobbob1 bobby bobby1 bobby12 bobby123 bobby2 bobby4 bobcat bobcat1 bobcats1 bobdylan
bobesponja bobmarley bobmarley1 bobo bobo123 bobobo boeing boeing747 bogart bogdan boguska123 bolaji
bollocks bollocks1 bollox bologna bologna1 bolton bombay bomber bombers bombom bon bonanza bonbon bonbon1
bond bond007 bondage bonehead bones bones1 bonheur bonita bonita1 bonito bonjour bonjour1 bonjovi bonjovi1
bonkers bonnie bonnie1 bonsai boo boo123 boob boobear boobear1 boobie boobie1 boobies boobies1 boobies2
booboo booboo1 booboo11 booboo12 booboo123 booboo2 boobs boobs1 booger booger1 boogers boogers1 boogie
boogie1 book booker bookie bookie1 bookmark books bookworm boom boomboom boomboom1 boomer boomer1 boomer12
boomerang boosie1 booster boots boots1 bootsie bootsie1 booty booty1 borabora borboleta bordeaux borec123654
bored1 boricua boricua1 boris boris1 boroda borussia bosco bosco1 boss boss123 bossman bossman1 bossy1
boston boston1 bottle bottom bou boubou bouboule boulette bounce bouncer bounty bowling bowling1 bowser
bowwow bowwow1 bowwow2 boxcar boxer1 boxers boxing boxing1 boy boy123 boyboy boyfriend boyfriend1 boys bozo
br00klyn bra bracken brad braden bradford bradley bradley1 bradpitt brady1 brady12 bramble brammi1 brandi
brandi1 brandnew1 brando brandon brandon! brandon01 brandon1 brandon10 brandon11 brandon12 brandon123
brandon13 brandon2 brandon3 brandon4 brandon5 brandon7 brandy brandy1 brasil brasil1 bratz bratz1 bratz123
braveheart braves braves1 braves10 bravo bravo1 braxton braxton1 brayan brayden1 brazil brazil1 bre123
breakdance breaker breanna breanna1 breathe brebre1 breeze breezy breezy1 brenda brenda1 brendan brendan1
brenden brendon brendon1 brennan brennan1 brent brent1 bretagne brett brett1 brewster bri bri123 brian
brian1 brian123 briana briana1 brianna brianna1 brianna2 bribri bribri1 briciola bridge bridget bridget1
bright bright1 brighton brighton1 brigitte brilliant brinchen23 brisbane bristol bristol1 britney britney1
britt britt1 britt12 britt123 brittany brittany1 brittany12 brittany2 brittney brittney1 brm600 bro
broadband1 broadway broadway1 brodie brodie10 brody1 broken broken1 brokenhear bronco bronco1 broncos
broncos1 broncos7 bronson bronx1 brooke brooke1 brooke12 brooke123 brooklyn brooklyn1 brooklyn2 brooks
brooks1 brother brother1 brother2 brothers brothers1 brown brown1 brown13 browneyes browneyes1 brownie
brownie1 browning browns browns1 brownsugar bruce bruce1 brucelee brucelee1 bruins bruiser bruiser1 bruno
bruno1 bruno123 brutus brutus1 bryan bryan1 bryan123 bryant bryant1 bryant24 bryce1 bryson bscirc bubba
bubba1 bubba12 bubba123 bubba2 bubble bubble01 bubble1 bubblegum bubblegum1 bubbles bubbles! bubbles1
bubbles12 bubbles123 bubbles13 bubbles2 bubbles3 bubbles7 bubby1 bublik buceta buck bucket buckeye buckeye1
buckeyes buckeyes1 buckley buckshot buckwheat bucky1 bud420 budapest buddah buddha buddha1 buddie buddie1
buddy buddy01 buddy1 buddy11 buddy12 buddy123 buddy13 buddy2 buddy3 buddy5 buddy7 buddyboy buddyboy1
buddydog budlight budlight1 budman budweiser budweiser1 buffalo buffalo1 buffett buffy buffy1 buffy123
bugatti bugger bugsbunny bugsbunny1 builder bulldog bulldog1 bulldog2 bulldogs bulldogs1 bullet bullet1
bullet695 bullet83 bullfrog bulls23 bullseye bullshit bullshit1 bumble bumblebee bumblebee1 bumbum bumper
bunghole bunker bunnies bunnies1 bunny bunny1 bunny12 bunny123 bunny2 burger burger1 burrito burton burton1
bushido bushido1 business business1 busted busted1 buster buster01 buster1 buster11 buster12 buster123
buster2 butch butch1 butcher butler butt butter butter1 butter12 butter2 buttercup buttercup1 butterfly
butterfly! butterfly0 butterfly1 butterfly2 butterfly3 butterfly4 butterfly5 butterfly6 butterfly7
butterfly8 butterfly9 butters butters1 buttface1 butthead butthead1 butthole butthole1 button button1
buttons buttons1 buzhidao bv123 bvp33w7epu byebye bynthytn byteme byusdg23 c c.ronaldo c00kie c00kies
c0mputer c12345 c123456 c1234567 c123456789 c2h5oh c43qpul5rz c6h12o6 caballero caballo cabbage cabbage1
cabron caca caca12 caca123 cacaca cacca cachorro cachou cactus cadillac cadillac1 caesar cafemom caitlin
caitlin1 caitlyn caitlyn1 cake cal calcio calculator calderon caleb caleb1 calgary calibra calico caliente
california calimero caline call911 callaway calle13 callie callie1 callofduty callum callum1 calvin calvin1
calypso cam camara camaro camaro1 camaro69 camaroz28 cambiami cambridge camden camden1 camel camel1 camel232
camelia camelot camera camera1 camero1 cameron cameron1 cameron12 cameron123 cameron2 cameron3 camila
camila1 camilla camilla1 camille camille1 camilo camion campbell campbell1 campeon camper camping campos can
canabis canada canada1 canada123 canadian canard cancan cancel cancer cancer1 cancer69 cancun candace
candace1 candela candice candice1 candies candle candle1 candy candy1 candy101 candy11 candy12 candy123
candy13 candy2 candy3 candy5 candy7 candycane candycane1 candygirl candygirl1 candyman candyman1 canela
canelle cannabis cannelle cannibal cannon cannon1 canon cantik cantona cantona7 canyon caonima capecod
capetown capital capital1 capitals11 capoeira capone capone1 caprice capricorn capricorn1 capricornio
capslock captain captain1 capucine car car123 caracas carajo caralho caramba caramel caramel1 caramella
caramelo caravan carbon cardiff cardinal cardinal1 cardinals cardinals1 carebear carebear1 carebears
carebears1 career career121 carina carine carissa carito carl carla carla1 carlito carlitos carlitos1 carlo
carlos carlos1 carlos10 carlos12 carlos123 carlos13 carlos2 carlota carlotta carlton carlton1 carly1 carmel
carmel1 carmela carmelo carmelo1 carmelo15 carmen carmen1 carmine carnaval carnival carol carol1 carol123
carola carole carolina carolina1 caroline caroline. caroline1 carollo12 carolyn carolyn1 carpediem
carpediem1 carpenter carpenter1 carpet carpet1 carrera carrie carrie1 carrot carrot1 cars cars123 cars98
carson carson1 carter carter1 carter15 carter3 cartman cartman1 cartoon cartoon1 cas casablanca casanova
casanova1 cascade casey casey1 casey123 cash cashmoney cashmoney1 casino casino1 casper casper1 casper12
casper123 cassandra cassandra1 cassidy cassidy1 cassie cassie1 cassie12 cassie123 castillo castillo1 castle
castle1 castor castro cat cat123 cat1234 cat15175 catalin catalina catalina1 catania catarina catcat catcat1
catch22 catdog catdog1 catdog12 catdog123 catdog2 caterina catfish catfish1 catherine catherine1 catholic
cathy cathy1 catlover catman cats cats12 cats123 catwoman cavalier cavallo cavalo caveman cavs23 cazzo
cazzone cba321 cbr600 cbr600rr cbr900rr cccccc ccopacell1 cds04121989 cdtnbr cdtnkfyf cecile cecilia
cecilia1 cedric cedric1 celeron celeste celeste1 celica celina celine celinesimon cellphone cellphone1
celtic celtic1 celtic123 celtic1888 celtic67 celticfc celtics celtics1 celular cena54 center central
central1 centrino century cepetsugih cerberus cerise cervantes cesar cesar1 cesare cessna cevthrb cfiekz
cfif cfitymrf cfvceyu cg9600 cgfhnfr ch ch0c0late cha chacha chacha1 chachi chad chadwick chainsaw challenge
challenger chambers champ champ1 champagne champion champion1 champions champs chance chance1 chandler
chandler1 chandra chandu chanel chanel1 chanel5 chanelbag change change1 change1234 changeme changeme1
changes chantal chantel1 chantelle chaos chaos1 chapman character charger charger1 chargers chargers1
chargers21 charisma charity charity1 charlene charlene1 charles charles1 charles2 charley charley1 charli
charlie charlie! charlie01 charlie1 charlie10 charlie11 charlie12 charlie123 charlie13 charlie2 charlie3
charlie4 charlie5 charlie7 charline charlotte charlotte1 charlton charly charly1 charly2004 charmaine
charmed charmed1 charmed3 charming chase chase1 chase123 chaselo chaser chasity1 chat chaton chavez che
cheater cheater1 cheche checkers checkmate cheech cheeky cheeky1 cheer cheer08 cheer1 cheer101 cheer12
cheer123 cheerleade cheerleader cheers cheese cheese! cheese1 cheese11 cheese12 cheese123 cheese2 cheese3
cheesecake cheetah cheetah1 cheguevara chelle chelle1234 chelsea chelsea1 chelsea11 chelsea12 chelsea123
chelsea2 chelsea7 chelsea8 chelseafc chelsey chelsey1 chemical chemical1 chemistry chemistry1 chennai cherie
cherish cherokee cherokee1 cherries cherries1 cherry cherry1 cherry12 cherry123 cherry13 cherry2 cheryl
cheryl1 chester chester1 chester2 chestnut cheval chevelle chevelle1 chevrolet chevrolet1 chevy chevy1
chevy2 chevy350 chevys10 chevyz71 chewbacca chewie chewy1 cheyanne cheyenne cheyenne1 chi chiara chica1
chicago chicago1 chicago23 chicca chicca39 chicco chicharito chichi chichi1 chick chick1 chicken chicken!
chicken1 chicken11 chicken12 chicken123 chicken2 chicken3 chicken4 chicken5 chicken7 chickens chickens1
chicks chico chico1 chico123 chief chief1 chiefs chiefs1 chihuahua chihuahua1 children children1 children2
children3 children4 chilli chillin chilly china china1 china123 chinchilla chinchin chinedu chinese chingy
chingy1 chinita chinna chinni chinnu chino1 chinook chintu chioma chipie chipmunk chipper chipper1 chipper10
chippy chiqui chiquita chiquita1 chitarra chitown1 chivas chivas#1 chivas1 chivas10 chivas100 chivas11
chivas12 chivas123 chivas13 chivas2 chivas9 chloe chloe1 chloe123 chloee chobits chocho chocolat chocolate
chocolate! chocolate1 chocolate2 chocolate3 chocolate4 chocolate5 chocolate7 chocolate8 chocolate9 choice
choochoo chopin chopper chopper1 chosen1 chouchou choupette chr chris chris! chris01 chris07 chris08 chris09
chris1 chris10 chris101 chris11 chris12 chris123 chris1234 chris13 chris14 chris15 chris16 chris17 chris18
chris19 chris2 chris21 chris22 chris23 chris24 chris3 chris4 chris5 chris6 chris69 chris7 chrisb1 chrisbrown
chriss chrissy chrissy1 christ christ1 christa christelle christian christian1 christian2 christian7
christie christin christina christina1 christina2 christine christine1 christmas christmas1 christmas2
christoph89 christophe christopher christopher1 christy christy1 chronic chronic1 chronic420 chrysler chubby
chubby1 chuchu chuck chuck1 chuckie chuckie1 chuckles chucky chucky1 chula1 chunky chunky1 church church1
churchill chutrung ciao ciaociao ciara1 ciccia ciccio cierra1 cimbom cinder cinderella cindy cindy1 cindy123
cinema cingular1 cinnamon cinnamon1 cinta cintaku cinzia circle circus cisco1 citizen citroen citron civic1
cjcamron1 cjkysirj cjkywt cjmasterinf cjytxrf cksdnd12 claire claire1 clancy clapton clara clarence
clarence1 clarinet clarinet1 clarissa clarissa1 clarisse clark clark1 class class06 class07 class08 class09
class2010 classic classic1 classof06 classof07 classof08 classof09 classof200 classof201 claude claudia
claudia1 claudine claudio clayton clayton1 clemence clement clemente clementine clemson clemson1 cleo
cleopatra cleopatra1 cleveland cleveland1 clever clifford clifford1 clifton clinton clinton1 clipper
clochette cloclo cloud cloud1 cloud9 clouds clover clover1 clovis clown1 clowns clueless clyde1 cm6e7aumn9
cme2012 cnfcbr cnfkrth cnfybckfd cnthdf coach1 cobain cobra cobra1 coca-cola cocacola cocacola1 cocaine
cocaine1 coccinella cock cocksucker coco coco11 coco12 coco123 coco1234 cocoa cocoa1 cococo cocococo
cocoloco coconut coconut1 cocotte codered cody cody12 cody123 coffee coffee1 coke coke123 colby1 coldplay
coldplay1 cole coleman coleman1 colette colgate colibri colin colin1 colleen colleen1 college college1
collin collin1 collins collins1 colocolo colombia colombia1 colombo colonel colorado colorado1 colors colt45
colton colton1 coltrane colts1 colts18 columbia columbia1 columbus com combat combat123654 comcast1 comedy
comeon comeon11 comfort coming command commander commando commerce common community company compaq compaq1
compaq12 compaq123 complete compton compton1 computador computadora computer computer1 computer11 computer12
computer123 computer2 computers con concetta concord concorde concrete concrete1 condom condor conejo
confidence confirm confused confused1 connard connect connect1 connection conner conner1 connie connie1
connor connor1 conpro73 conrad constance constantin constantine consuelo contact continue contra contrase
contrasena control control1 converse converse1 cookie cookie! cookie01 cookie1 cookie11 cookie12 cookie123
cookie13 cookie2 cookie23 cookie3 cookie4 cookie5 cookie7 cookiemons cookies cookies! cookies1 cookies12
cookies123 cookies2 cooking cool cool10 cool11 cool12 cool123 cool1234 cool123456 cool13 cool22 coolbeans
coolbeans1 coolboy coolboy1 coolcat coolcat1 coolcool cooldude cooldude09 cooldude1 cooler cooler1 coolgirl
coolgirl1 coolguy coolguy1 coolio coolio1 coolkid coolkid1 coolman coolman1 coolness coolness1 cooper
cooper1 cooper12 cooper123 cooter copenhagen copper copper1 coralie corazon corazon1 corbin corbin1
cordell123 cordoba coregmedia corentin corey corey1 corina corinne corleone cornelia cornelius cornell
cornwall corolla corona corona1 corrado corsica cortez cortez1 corvette corvette1 cosita cosmic cosmin cosmo
cosmo1 cosmopolitan cosmos costarica cosworth cottage cotton cotton1 coucou cougar cougar1 cougars cougars1
counter counter1 counterstrike country country1 countryboy coupon couponmom coupons couponsc10 courage
courage1 courage9 courtney courtney1 courtney12 couscous cousin coventry cowboy cowboy1 cowboys cowboys1
cowboys12 cowboys2 cowboys22 cowboys81 cowboys9 cowgirl cowgirl1 coyote coyote1 cr1st1an crack crack1
cracker cracker1 crackers crackers1 crackhead1 craig craig1 crash crash1 crawford crazy crazy1 crazy101
crazy12 crazy123 crazy13 crazy2 crazy4u crazy8 crazybitch crazydog crazygirl crazygirl1 cream cream1 create
create1 creation creative creative1 creeper crepusculo crevette cricket cricket1 cricri criminal crimson
crimson1 crip4life cristal cristal1 cristh cristi cristian cristian1 cristiano cristiano7 cristina cristina1
cristo cristo1 cristy critter critter1 crjhgbjy crocodile cronaldo cronaldo7 cronos crosby87 croskey
crossfire crowbird cruise cruiser crunch crusader cruzazul cruzazul1 crybaby crybaby1 crysis crystal
crystal1 crystal12 crystal123 crystal2 cthtuf cthutq ctrhtn cubbies cubbies1 cubs cucciola cucciolo cucumber
cuddles cuddles1 cullen cumming cumshot cunt cupcake cupcake1 cupcake12 cupcake123 cupcake2 cupcakes
cupcakes1 curious curious1 curtis curtis1 custom cute cute12 cute123 cuteako cutegirl cuteko cuteme cutie
cutie01 cutie1 cutie10 cutie101 cutie11 cutie12 cutie123 cutie13 cutie14 cutie2 cutie3 cutie5 cutiepie
cutiepie1 cutiepie12 cutiepie2 cuties cutter cuttie cuttie1 cv1230 cvbhyjdf cvthnm cvzefh1gkc cxfcnkbdfz
cxfcnmt cxy831126 cyclone cynthia cynthia1 cypress cyprus czsxumtf czz000 d d04081999 d0r1nc0urt d12345
d123456 d1234567 d123456789 d1e234tp d1lakiss d2xyw89sxj d4 d6ug7epz d71lwz9zjs d9189498 d9zufqd92n dabears
dabears1 dad dad123 dada dadada dadadada daddy daddy01 daddy1 daddy12 daddy123 daddy2 daddy3 daddygirl1
daddys daddys1 daddysgirl dadounet daemon daewoo daffodil dagger daisey daisy daisy1 daisy12 daisy123 daisy2
daisydog daisymae daisymay dakota dakota01 dakota1 dakota12 dakota123 dakota2 dalbas73 dale88 dalejr dalejr8
dalejr88 dalila dallas dallas01 dallas1 dallas12 dallas123 dallas2 dallas214 dallas22 dalton dalton1 damaris
damian damian1 damien damien1 damilare damilola dammit damnit damnit1 damon1 dan dan123 dana dance dance1
dance12 dance123 dance4life dancer dancer! dancer1 dancer12 dancer123 dancer2 dancing dancing1 dandan danger
danger1 dangerous dangerous1 dangerous12 dani dani123 danica daniel daniel! daniel01 daniel07 daniel1
daniel10 daniel11 daniel12 daniel123 daniel13 daniel14 daniel15 daniel16 daniel17 daniel18 daniel19 daniel2
daniel21 daniel22 daniel23 daniel3 daniel5 daniel7 daniela daniela1 daniele danielito daniella danielle
danielle1 danielle12 danielle2 daniels daniil danila danilka danilo danish dank420 danny danny1 danny12
danny123 danny2 dannyboy dannyboy1 dante dante1 dantheman daphne dar dardevilk daredevil daredevil1 darina
dario darius darius1 dark dark123 dark666 darkangel darkangel1 darkknight darklord darkman darkness
darkness1 darkside darkside1 darkstar darkstar1 darlene darlene1 darling darling1 darnell darnell1 darrell
darrell1 darren darren1 darryl darthvader darwin darwin1 dasha dashka dating daughter daughter1 dauphin dav
dave dave123 david david01 david1 david10 david11 david12 david123 david13 david2 david21 david22 david23
david3 david5 david7 davide davidic1 davidoff davids davidson davinci davis davis1 dawn dawson dawson1
dayana dayday dayday1 dayton daytona daytona1 dbm dbnfkbq dbnfkbr dbrecz dbrnjh dbrnjhbz dd123456 ddd dddd
ddddd dddddd dddddd1 ddddddd dddddddd dddddddddd deacon dead deadhead deadman deadman1 deadmau5 deadpool
dean deandre1 deanna deanna1 dearbook death death1 death123 death666 deathnote deathnote1 debbie debbie1
debora deborah deborah1 december december1 december10 december11 december12 december13 december14 december15
december16 december17 december18 december19 december2 december20 december21 december22 december23 december25
december28 december31 declan dedamiwa dede dedede dedewang dee123 deedee deedee1 deejay deepak deepika
deerhunter deeznuts default defender defender101 deftones deftones1 degrassi1 dei3mutter deirjj dejavu
delacruz delaney delete delete1 delfin delfino delgado delicious delicious1 delilah delilah1 delivered dell
dell12 dell123 dell500 delldell delphi delphine delpiero delpiero10 delta delta1 deluxe demilovato demo
demon demon1 demon123 demon1234 demon12345 demon1q2w3e demon1q2w3e4r demon1q2w3e4r5t demon666 demons den
den221991 denali denden denis denis1 denis123 denisa denise denise1 deniska denmark dennis dennis1 dennis123
dentist denver denver1 denzel depeche depechemode derek derek1 derick derparol derrick derrick1 desadesa
desember desert deshawn1 design design1 designer designer1 desire desire1 desiree desiree1 deskjet desmond
desmond1 desperado destin destiny destiny1 destiny12 destiny123 destiny2 destiny3 destiny5 destiny7 destroy
destroyer detroit detroit1 detroit313 deusefiel deutsch deutschland devil devil1 devil123 devil666 devildog
devildog1 devilmaycry devils devils1 devin devin1 devine devon devon1 dewayne1 dexter dexter1 dfa72dfj
dfcbkbcf dfcbkbq dfg5fhg5vgfh1 dfhdfhf dfkthbz dfkthf dfktynby dfktynbyf dfvgbh dfytxrf dharma diablo
diablo1 diablo2 diablo666 diabolo dialog diamant diamante diamond diamond1 diamond12 diamond123 diamond2
diamond3 diamond7 diamonds diamonds1 diana diana1 diana123 diane diane1 dianita dianna dianne diciembre dick
dick12 dick123 dick69 dickhead dickhead1 dictionary didididi didier didine diego diego1 diego10 diego123
dieguito diehard diesel diesel1 dietcoke dietcoke1 dieter digger digger1 digimon digimon1 digital digital1
dilbert dilbert1 dilligaf dillon dillon1 dim dima dima123 dimadima dimas34rus dimasik dimebag1 dimension
dimitri dimple dimples dimples1 dinamo dinara dinero dinesh dingdong dingdong1 dino dinosaur dinosaur1
diosesamor diosesfiel dipset dipset1 dipset5 director dirtbike dirtbike1 dirty dirty1 disco1 discover
discovery disney disney1 disneyland disturbed disturbed1 diva diva123 divina divine divine1 divorce divorce1
diwtgm8492 dixie dixie1 dizzy1 dj1234 django djkjlz dkflbckfd dkflbr dkflbvbh dkssud12 dkxjizc282 dkz1999
dlfaor09 dmitriy dmoney1 dmsgk0103 doberman doctor doctor1 dodge dodge1 dodger dodger1 dodgeram dodgeram1
dodgers dodgers1 dodo dododo dodong dog dog123 dog1234 dogcat dogcat1 dogdog dogdog1 dogfood dogg doggie
doggie1 doggies doggy doggy1 doggy123 doggystyle doghouse doglover doglover1 dogman dogs dogs12 dogs123
dogshit dogshit1 doktor dolapo dollar dollar1 dollars dolly dolly1 dolores dolores1 dolphin dolphin1
dolphin2 dolphins dolphins1 dolphins13 dom domenica domenico domingo dominic dominic1 dominican1 dominick
dominick1 dominik dominik1 dominika dominique dominique1 domino domino1 don don123 donald donald1 dondon
donkey donkey1 donna donna1 donnie donnie1 donovan donovan1 dont4get dontforget dontknow dontknow1 donuts
doobie doodle doodle1 doodlebug doodlebug1 doodles doodles1 doodoo doodoo1 doogie dookenr1 dookie dookie1
doomsayer.2.7mords.v doomsayer.2.7mords.vv doomsday dopeboy1 dora123 doraemon doreen doremi dorian dorothy
dorothy1 dortmund dottie dottie1 dou double doudou doudoune doug doughboy dougie dougie1 douglas douglas1
download downtown dozer1 dpbk1234 dr.pepper dra dracula dracula1 drag0n dragon dragon01 dragon1 dragon10
dragon11 dragon12 dragon123 dragon13 dragon2 dragon21 dragon22 dragon23 dragon3 dragon5 dragon6 dragon666
dragon69 dragon7 dragon76 dragon77 dragon8 dragon88 dragon9 dragon99 dragonball dragonballz dragonfire
dragonfly dragonfly1 dragons dragons1 dragoon dragoon1 dragoste drake drake1 drakon drama1 dramaqueen dream
dream1 dreamcast dreamer dreamer1 dreamgirl dreaming dreams dreams1 dresden drew drifter driver driver1
drizzt drjynfrnt drogba droopy dropdead drowssap drowssap1 drpepper drpepper1 drummer drummer1 drums1
dt123456 dthjybrf dtxyjcnm du8484 dublin ducati duchess duchess1 duck duckie duckie1 ducky ducky1 dude
dude11 dude12 dude123 dudley dudley1 duke duke123 dumbass dumbass1 dumdum dummy1 duncan duncan1 duncan21
dundee dupa dupa123 dupadupa dupont durango durango1 duster dustin dustin1 dusty dusty1 dutchess dutchess1
dwade3 dwayne dwayne1 dwight dylan dylan1 dylan12 dylan123 dynamic dynamite dynamo dynasty dynasty1 dzxtckfd
e e12345 e123456 e123456789 e23456 e2yfp41b e3r4t5y6 e93c50 eagle eagle1 eagles eagles1 eagles12 eagles5
earnhardt3 earth easter eastern easton eastside eastside1 eastside13 eastwood easy easy123 easyas123 eatme
eatme1 eatme69 eatpussy eatshit eatshit1 ebenezer ebony ebony1 echizen18 eclipse eclipse1 economics ecuador
ecuador1 edberg eddie eddie1 eddie123 edgar edgar1 edinburgh edison edmonton edoardo eduard eduardo eduardo1
education education1 edward edward1 edward12 edward123 edward17 edward2 edwards edwards1 edwin edwin1
edxk20qmfs ee19920528 eeeeee eeyore eeyore1 eggplant egorka eh1k9oh335 ehdgnl12 eight8 eileen eileen1
einstein einstein1 eistee ekaterina ekmzyf elaine elaine1 elcubano1893a eldorado ele eleanor eleanor1
electra electric electric1 electrical electro electron electronics elefant elefante element element1
element123 element2 elements elena elena1 eleonora elephant elephant1 eleven eleven11 eli eli123 eliana
elijah elijah1 elisa elisabeth elisabeth1 elisabetta elise elisha elite1 elizabet elizabeth elizabeth0
elizabeth1 elizabeth2 elizabeth3 elizabeth5 elizabeth7 elizabeth8 elizabeth9 elizaveta ella ellen ellen1
ellie ellie1 ellie123 elliot elliot1 elliott elliott1 ellobo elmejor elmira elmo elmo12 elmo123 elodie
eloise elsalvador elvira elvis elvis1 elvis123 elway7 elwood emachines emachines1 email emanuel emanuel1
emanuela emanuele embrace emeline emerald emerald1 emerica emerica1 emerson emerson1 emilia emiliano emilie
emilio emilio1 emily emily1 emily12 emily123 emily2 eminem eminem1 eminem12 eminem123 eminem2 emirates emma
emma12 emma123 emmanuel emmanuel1 emmanuelle emo123 emo666 emogirl emokid1 emotional emperor empire empire1
employment encore energy energy1 engel00007 engelchen engine engineer engineer1 engineering england england1
english english1 enigma enigma1 enjoy enocnayr enrico enrique enrique1 enter enter1 enter123 enterprise
entropy epsilon eqes606898 eragon eragon1 eraser eri eric eric12 eric123 erica erica1 erick erick1 ericka
ericsson erik erika erika1 erika22 erin ernest ernest1 ernesto ernesto1 ernie1 erotic escalade escape
escobar escola escorpio escorpion escort esidez57 eskimo esmeralda esmeralda1 espagne espana esperanza
esperanza1 espoir esprit essence estate esteban esteban1 estefania estela estelle esther esther1 estrela
estrella estrella1 estrellita eternal eternal1 eternity eternity1 ethan ethan1 ethan123 ethanryan01 etienne
etnies etnxtxsa65 etoile ettore eugene eugene1 eugenia eugenie eugenio eunice eureka europa europe euteamo
eva evan evanescence evangelion eve evelin evelina evelyn evelyn1 everest everett evergreen everlast everton
everton1 everyday everything evgeniy evgeniya evil666 evolution evolution1 ewanko ewelina ewq321 excalibur
excellent exigent exodus expert expert12 explorer explorer1 express express1 extreme extreme1 ezekiel
ezekiel11989 ezekiel11991 ezequiel f f00tball f12345 f123456 f1uuhza723 fab fabian fabian1 fabiana fabien
fabienne fabio fabiola fabregas fabregas4 fabrice fabrizio fabulous fabulous1 faca210898 facebook facebook1
faggot faggot1 fairy faisal faith faith1 faith123 faith7 faithful faithful1 fake fake12 fake123 faker1
falcon falcon1 falcons falcons1 falcons7 fallen fallen1 fallen_angel fallout fallout3 falloutboy falp5050
familia familia1 familiyafamiliya famille family family01 family1 family12 family123 family1st family2
family3 family4 family5 family6 family7 familyguy familyguy1 famous famous1 fanculo fanfan fanny fantasia
fantasma fantastic fantastic4 fantasy fantasy1 fantom fantomas faraon farfalla farfallina farhan farida
farley farmacia farmer farmer1 fart fashion fashion1 faster fat fat123 fatass fatass1 fatboy fatboy1 fatboy2
fatcat fatcat1 fathead fathead1 father father1 father123 fatima fatima1 fatman fatman1 fatty fatty1 favour
favre4 fb1907 fcbarcelona fcbayern fcporto fduecn fearless fearless1 feather feather1 febrero february
feder_1941 federal federica federico felice felicia felicia1 felicidad felicidade felicita felicity feline
felipe felipe1 felipe123 felix felix1 felix123 felix1952 fellow female fenchel55 fender fender1 fener1907
fenerbahce fenohasina39 fer ferari ferdinand fergie fergie1 fergus ferguson fernanda fernanda1 fernandes
fernandez fernando fernando1 ferrari ferrari1 ferreira ferret ferret1 festival feuerwehr feyenoord fff ffff
fffff ffffff fffffff ffffffff ffffffffff fghjkl fghtkm fgjrfkbgcbc34 fgtkmcby fhctybq fhntvrf fialka
fickdich ficken ficken1 ficken76 fidelio fiesta fiesta01 fifa2010 figaro fightclub fighter fighter1 filip
filipe filippo film@123 filomena finalfantasy finance find_pass finger finger1 fingers finland finley fiona
fiona1 fiorella fiorentina fire fire12 fire123 fireball fireball1 firebird firebird1 fireblade firefighter
firefire firefly firefly1 firefox firefox1 fireman fireman1 firenze firestorm firewall first1 fischer fish
fish12 fish123 fishbone fisher fisher1 fisherman fisherman1 fishes fishfish fishing fishing1 fishing2
fishtank fishy1 fitness fitness1 fivestar fk3456abc fkbyjxrf fkbyrf fktrcfylh fktrcfylhf fktrctq fktyeirf
fktyrf flame flame1 flamenco flamengo flames flames1 flamingo flamingo1 flash flash1 flash123 flatron flavia
flavio fletch fletcher fletcher1 fleurs flight flipflop flipper flipper1 flo floflo floppy florence
florence1 florencia florent flores flores1 florian florian1 florida florida1 florida2 florin flounder flower
flower1 flower11 flower12 flower123 flower2 flower3 flower4 flower5 flower7 flowerpower flowers flowers1
flowers123 flowers2 floyd floyd1 fluffy fluffy1 fluffy12 fluffy123 fluffy2 flyboy flyboy1 flyers flyers1
flyfly flying focus focus1 fondoom foobar food food123 foofoo foolish foolish1 football football! football.
football01 football07 football08 football09 football1 football10 football11 football12 football123
football13 football14 football15 football16 football17 football18 football19 football2 football20 football21
football22 football23 football24 football25 football27 football28 football3 football32 football33 football34
football4 football44 football45 football5 football54 football55 football56 football6 football69 football7
football77 football8 football88 football9 football99 for ford ford150 fordf150 fordf250 fordf350 fordfocus
forest forest1 forever forever1 forever12 forever123 forever2 forever21 forever3 forever4 forever7 forget
forget1 forgetit forgiven forgot forgot1 forgotten forgotten1 format formula formula1 forrest forrest1
fortuna fortune forward foryou forzainter forzajuve forzamilan forzanapoli forzaroma fossil fossil1 foster
foster1 fountain four20 fourkids fourteen fowler fox123 foxpass foxracing1 foxtrot foxy foxylady fqrg7cs493
fra fragola fragolina fraise franca france france1 frances frances1 francesca francesca1 francesco franci
francia francine francis francis1 francisca francisco francisco1 franck franco francois francoise francy
frank frank1 frank123 frankfurt frankie frankie1 franklin franklin1 franky franky1 fraser fre freak freak1
freaks freaky freaky1 freckles freckles1 fred fred12 fred123 fred1234 freddie freddie1 freddy freddy1
frederic frederick frederick1 frederik fredfred fredrick free free12 free123 freebird freebird1 freedom
freedom! freedom1 freedom12 freedom123 freedom2 freedom3 freedom7 freefree freeman freeman1 freepass
freestuff freestyle freestyle1 freeuser freeway freeway1 freeze freeze112 freiheit french french1 fresh
fresh1 fresh123 friday friday1 friday13 friend friend1 friend2 friendly friends friends! friends1 friends12
friends123 friends2 friends3 friends4 friends4ev friends5 friends7 friendship friendster frisco frisco1
frisco415 frisky fritz frodo frodo1 frog frog123 frogger frogger1 froggie froggie1 froggy froggy1 frogs
frogs1 front242 frontier frosch frosty frosty1 frozen fruity ftiger5 fu7u4a#$$$ fubar09 fuc fuchurli fuck
fuck0ff fuck11 fuck12 fuck123 fuck1234 fuck13 fuck22 fuck666 fuck69 fucked fucked1 fucker fucker! fucker1
fucker12 fucker123 fucker2 fucker69 fuckers fuckers1 fuckface fuckface1 fuckfuck fuckfuck1 fucking fucking1
fuckit fuckit! fuckit1 fuckit2 fucklife fucklife1 fucklove fucklove1 fucklove13 fuckme fuckme! fuckme1
fuckme12 fuckme123 fuckme2 fuckme69 fuckmehard fuckmylife fuckoff fuckoff! fuckoff1 fuckoff123 fuckoff2
fuckoff69 fuckshit fuckthat1 fuckthewor fuckthis fuckthis1 fucku fucku1 fucku12 fucku123 fucku2 fucku69
fucky0u fuckyou fuckyou! fuckyou. fuckyou0 fuckyou01 fuckyou09 fuckyou1 fuckyou10 fuckyou11 fuckyou12
fuckyou123 fuckyou13 fuckyou2 fuckyou21 fuckyou22 fuckyou23 fuckyou3 fuckyou4 fuckyou420 fuckyou5 fuckyou6
fuckyou666 fuckyou69 fuckyou7 fuckyou8 fuckyou88 fuckyou9 fuckyouall fuckyoubit fudge fudge1 fujitsu
fullaccess fullmetal fullmetal1 fullmoon fun fun123 funfun funky funky1 funmilola funny funny1 funny123
funtik funtime fusion fussball futbol futbol1 futurama future future1 futyn007 fuzzy fuzzy1 fx-one fxzz75
fxzz75$yer fxzz75yer fy.nrf fyfcnfcbz fyfnjkbq fylhtq fylhtq12 fynjirf fysihz5g fytxrf fyutkbyf fyutkjxtr g
g-unit g00gle g12345 g123456 g13916055158 g9l2d1fzpy gaara1 gab gabby gabby1 gabby123 gabriel gabriel1
gabriel123 gabriel2 gabriela gabriela1 gabriele gabriella gabriella1 gabrielle gabrielle1 gaby123 gadget
gaelle gaetano gag5691 gagaga gagarin gagged gal galatasaray galaxy galaxy1 galileo galina gallardo galore
gambion32 gambit game gameboy gameboy1 gamecube gamecube1 gameover gamer gamer1 games games1 games123 ganda
gandako gandalf gandalf1 gandhi ganesh ganesha gangbang gangsta gangsta1 gangsta12 gangsta123 gangsta2
gangsta6 gangster gangster1 gangster12 ganja ganja420 gansta1 ganteng garage garbage garbage1 garcia garcia1
garden garden1 gardenia gareth garfield garfield1 garnet garrett garrett1 gary gaston gateway gateway1
gateway2 gatinha gatita gatito gator gator1 gatorade gatorade1 gators gators1 gaudens gaurav gavin gavin1
gay123 gayathri gayatri gayboy1 gazelle gbcmrf gbenga gbgbcmrf gbhfvblf gbpltw gcheckout gdcc9921 gearsofwar
geetha gegcbr geheim geheim123 gemelli gemini gemini1 geminis gemma gemma1 general general1 generation
genesis genesis1 geneva genevieve genius genius1 geniusv gennaro gentle geoffrey george george01 george1
george12 george123 george2 georges georgia georgia1 georgie georgie1 georgina gerald gerald1 geraldine
gerard gerard1 gerardo gerardo1 germaine german german1 germania germany germany1 geronimo gerrard gerrard1
gerrard8 gertrude getajob getmoney getmoney1 getmoney2 getout getsome getsome1 gettherefast gfcgjhn gfgfvfvf
gfhjkm gfhjkm1 gfhjkm123 gfhjkmgfhjkm gfs2z6wb gfynthf ggg gggg ggggg gggggg gggggg1 ggggggg gggggggg
gggggggggg ghbdtn ghbdtn123 ghbdtnbr ghbdtnrfrltkf ghblehjr ghbrjk ghbywtccf ghetto ghetto1 ghghgh
ghhh47hj7649 ghjcnbnenrf ghjcnj ghjcnjgfhjkm ghjcnjnfr ghjcnjq ghjdthrf ghjnjnbg ghjuhfvvf ghost ghost1
ghost123 ghostrider ghosts giacomo giancarlo gianluca gianna gianna1 gianni giants giants1 gibson gibson1
gideon gidget gidget1 gigabyte gigaman8891 giggles giggles1 gigi gigolo gilbert gilbert1 gilberto gilles
gillian gillian1 gina ginger ginger01 ginger1 ginger11 ginger12 ginger123 ginger2 giogio giorgi giorgia
giorgio giovanna giovanni giovanni1 giraffe giraffe1 girasole girl girl12 girl123 girlfriend girlie
girlpower girls girls1 girls123 girls2 girlsrule girly1 girlygirl1 gisela gisele giselle giselle1 gitara
giulia giuliana giuliano giulietta giulio giuseppe gizmo gizmo1 gizmo123 gizzmo gjhjkm gjkbujy gjkbyf
gladiator gladys glamorous1 glamour glasgow glasses glenda glenn glitter glitter1 global global1 globus
gloria gloria1 gmoney gmoney1 go2hell goalie goat goaway goaway1 goblin goblue goblue1 god god123 god777
godbless godbless1 godblessme goddess goddess1 godfather godfather1 godgod godhelpme godim001 godis1
godisable godisgood godisgood1 godisgreat godislove godislove1 godlike godlovesme godofwar godslove godsmack
godsmack1 godson godson1 godspeed godwin godzilla godzilla1 gofish goforit gogators gogeta gogirl gogo
gogogo gogogo1 gold gold123 goldberg goldberg1 golden golden1 goldeneye goldfinger goldfish goldfish1 goldie
goldie1 goldstar goldwing golf golfball golfclub golfcourse golfer golfer1 golfgti golfing golfing1 golfinho
goliath goliath1 gollum gonzales gonzalez gonzalez1 gonzalo gonzo1 goober goober1 good good12 good123
good2go good4u goodboy goodboy1 goodbye goodbye1 goodday goodgirl goodgirl1 goodgod goodgood goodies
goodlife goodluck goodluck1 goodman goodness goodnews goodtime goodtimes goodtimes1 goofy goofy1 google
google.com google1 google12 google123 google2 googletester googoo goose goose1 gopher gopher12 gordita
gordito gordo1 gordon gordon1 gordon24 gorgeous gorgeous1 gorilla gorilla1 gorillaz gospel gossipgirl gotcha
gotcha1 gothic gothic1 gotmilk gotmilk1 gotohell gotohell1 govols grace grace1 grace123 gracia gracie
gracie1 graciela graduate graffiti graffiti1 graham graham1 grammy granada grandad grandad1 grande grandkids
grandma grandma1 grandma2 grandpa grandpa1 granny granny1 grant grant1 grapes grapes1 graphics grateful
grateful1 gratis gravity grayson grayson1 grazia gre grease great great1 greatest greece greedisgood green
green1 green10 green11 green12 green123 green13 green14 green15 green17 green2 green21 green22 green23
green3 green4 green420 green5 green6 green7 green8 greenbay greenbay1 greenday greenday! greenday1
greenday12 greenday2 greene greeneyes greeneyes1 greens greentea greenwood greg greg123 gregor gregorio
gregory gregory1 gremlin grenouille gretchen gretchen1 greyhound gribouille griffin griffin1 grinch grine89
grinface gringo grisha grizzly grizzly1 gromit groove groovy groovy1 groupd2013 grover gruby12 grumpy
grumpy1 gs1905 gsxr1000 gsxr600 gsxr750 gtavicecity gthcbr gtnhjdbx gu1tar guadalupe guadalupe1 gualapmi
guardian guardian1 guatemala guatemala1 gucci gucci1 gucio guerrero guess guess1 guest guevara guigui
guilherme guillaume guillermo guillermo1 guiness guinness guinness1 guitar guitar1 guitar12 guitar123
guitar2 guitare guitarhero guitarra gummybear gummybear1 gundam gundam1 gunit gunit1 gunnar gunner gunner1
gunners gunners1 gunsnroses gunther gusgus gustav gustavo gustavo1 gutierrez gutschein gwapa gwapako gwapo
gwapoako gwapoko gwarmonster gwerty gwerty123 gymnast gymnast1 gymnastics gypsy1 h h12345 h123456 h1xp2z2duk
h2vwdubjx4 h4t3cr3w h8llp9f habbo123 habiba habibi hacker hacker1 hacker123 hackers haggis haha haha11
haha12 haha123 haha1234 hahaha hahaha! hahaha1 hahaha123 hahahaha hailey hailey1 hakr hal hal9000 haley
haley1 haley123 halflife halflife2 halifax halima hallo hallo1 hallo12 hallo123 hallohallo halloween
halloween1 halo halo12 halo123 halo219 halo22 haloreach hamada hambone hamburg hamburg1 hamburg15 hamburger
hamburger1 hamilton hamilton1 hamish hamlet hammed hammer hammer1 hammer123 hammers hammers1 hammond hampton
hampton1 hamster hamster1 han handball handsome handsome1 handyman hanna hanna1 hannah hannah! hannah01
hannah1 hannah10 hannah11 hannah12 hannah123 hannah13 hannah2 hannah3 hannah4 hannah5 hannah7 hannahmont
hannes hannibal hannover hannover96 hans hans4queck hansen hansol hansolo hanson hanson1 hanuman happiness
happiness1 happy happy! happy01 happy1 happy11 happy12 happy123 happy1234 happy13 happy2 happy22 happy3
happy5 happy7 happyday happyday1 happydays happydays1 happyfeet happyfeet1 happygirl happyhappy har hard
hardcore hardcore1 hardon hardrock hardware harekrishna haribo hariom harish harlem harlem1 harley harley01
harley1 harley11 harley12 harley123 harley13 harley2 harley69 harman harmony harmony1 harold harold1 harper
harriet harris harris1 harrison harrison1 harry harry1 harry123 harry24 harrypotte harrypotter harsha
harvard harvest harvey harvey1 harvick29 haslo haslo1 hassan hassan1 hastings hate hateme1 hater1 haters
haters1 hateyou hateyou1 hattie havana havefun hawaii hawaii1 hawaii50 hawaii808 hawaiian hawaiian1
hawkesbury93 hawkeye hawkeye1 hawkeyes hayabusa hayden hayden1 haylee haylee1 hayley hayley1 hazel hazel1
hbhc8290826 he635789 head headshot health healthy heart heart1 heart123 heartbreak heartbroke heartless
heartless1 hearts hearts1 heather heather1 heather12 heather123 heather2 heaven heaven1 heaven7 heavenly
heavenly1 heavymetal heckfy hector hector1 hedgehog heeren981a hehehe hehehe1 heidi heidi1 heineken heinrich
heitor250493 hej123 hejhej hejhej123 hejsan hejsan123 heka6w2 helen helen1 helena helena1 helene helicopter
hell hell666 hellas hellboy hellboy1 hellen hellfire hellfire1 hello hello! hello. hello0 hello01 hello1
hello10 hello101 hello11 hello12 hello123 hello1234 hello12345 hello13 hello14 hello2 hello22 hello23
hello2u hello3 hello4 hello5 hello6 hello69 hello7 hello8 hello9 hello99 hellohello hellokitty hellomoto
hellomoto1 helloo hellos hellothere hellow helloworld hellraiser hellsing hellyeah help helpme helpme1
helpme2 henderson henderson1 hendrix hendrix1 henni1907 henrik henrique henry henry1 henry123 henry14 hentai
herbalife herbert herbert1 herbie herbie1 herbsmd hercules hercules1 heritage herman herman1 hermann hermes
hermione hermione1 hermosa hermosa1 hernandez hernandez1 heroes herrera hershey hershey1 heslo hesoyam
hester23 heterosexual hey hey123 hey12345 heyhey heyhey1 heyheyhey heyheyhey1 heythere heythere1 heyyou
heyyou1 hf hfleuf hfljcnm hfytnrb hg0209 hgfdsa hgrfqg4577 hhh hhhh hhhhh hhhhhh hhhhhhh hhhhhhhh hi hi1234
hi12345 hidden higgins high420 highheel highland highlander highschool hihi hihihi hihihi1 hijodeputa hikari
hikaru hilary hilary1 hilaryduff hillary hillary1 hillbilly hillbilly1 hillside hilton him666 himanshu
hinata hindustan hip-hop hiphop hiphop1 hiphop123 hiphop2 hippie hippo hippo1 historia history history1
history278 hitachi hithere hithere1 hitler hitler1 hitman hitman1 hitman47 hjccbz hjvfirf hm9958123 hobbes
hobbit hockey hockey1 hockey10 hockey11 hockey12 hockey123 hockey13 hockey14 hockey15 hockey16 hockey17
hockey19 hockey2 hockey21 hockey22 hockey3 hockey4 hockey5 hockey7 hockey8 hockey9 hockey99 hoe123 hogwarts
hohoho hohoho1 hola hola12 hola123 hola1234 holahola holden holden1 holein1 holiday holiday1 holidays holla
holla1 holland holland1 holler holler1 hollie hollie1 hollie99 hollister hollister1 hollister2 hollister3
holly holly1 holly123 hollywood hollywood1 hollywood2 holmes holuha00 holyshit holyshit1 holyspirit home
home0401 home123 home1234 homeboy homeboy1 homelesspa homer homer1 homer123 homero homers homerun homerun1
homework homework1 homie1 homies homies1 honda honda1 honda123 honda125 honda2 honda250 honda450 hondacbr
hondacivic hondas honduras honduras1 honest honesty honesty1 honey honey1 honey12 honey123 honey2 honey215
honeybear honeybee honeybee1 honeybun honeybun1 honeybunny honeyko honeys hongkong honolulu hoodnigga1
hookem hooker hooker1 hooligan hooper hooters hooters1 hootie hoover hoover1 hope hope123 hopeful hopeful1
hopeless hopper horizon hornet hornets horney horny horny1 horny69 horror horse horse1 horse123 horses
horses1 horses12 horses123 horses2 hospital hot hot123 hotboy hotboy1 hotchick hotchick1 hotdog hotdog1
hotdog123 hotdog2 hotgirl hotgirl1 hothot hotlips hotmail hotmail.com hotmail1 hotmail123 hotmama hotmama1
hotpink hotpink1 hotrod hotrod1 hotsauce hotsex hotshot hotshot1 hotstuff hotstuff1 hottie hottie! hottie01
hottie1 hottie101 hottie11 hottie12 hottie123 hottie13 hottie14 hottie2 hottie3 hottie4 hottie5 hottie69
hottie7 hotties hotty hotty1 hotwheels houdini house house1 house123 houses houston houston1 houston713
howard howard1 howareyou hshn7669 hshshs http htubcnhfwbz huangfeisuny hubert hudson hughes hugo hugoboss
huhbbhzu78 humberto humble hummer hummer1 hummer2 hummerh2 humphrey humtum hungry hunter hunter01 hunter07
hunter08 hunter1 hunter10 hunter11 hunter12 hunter123 hunter13 hunter2 hunter22 hunter3 hunter4 hunter5
hunter7 hunter99 hunting hunting1 hurensohn hurley hurley1 hurricane hurricane1 husband husband1 husker
huskers huskers1 huskies huskies1 hussain hustle1 hustler hustler1 hx28o9e646 hyderabad hyundai i i&lt
i123456 i23456 iamcool iamcool1 iamgay1 iamgod iamhappy iamnumber1 iamthe1 iamthebest iamtheone ib6ub9
ibanez ibanez1 ibanezjs ibicguwjic ibrahim icarus ice ice123 iceberg icecream icecream1 icecream12 icecream2
icecube icegirl icehouse iceman iceman1 icetea ichigo ichliebedi ichliebedich icthus01 icu812 icxkyb7972
id6c3wr6un idefix idiot idiot1 idk123 idontcare idontcare1 idontknow idontknow1 idunno ifeanyi iforget
iforgot iforgot1 ig4abox4 igetmoney1 ignacio ignoranto igor igorek iguana ihateu ihateu1 ihateu2 ihateyou
ihateyou! ihateyou1 ihateyou2 iiiiii ijrjkfl ijrjkflrf il0vey0u il0veyou ilaria ilcerchio ilds4edad ilikepie
ilikepie1 ilikesex ilikeyou illini illinois illuminati illusion ilo ilov3you ilove ilove1 ilove12 ilove123
ilove2 ilove3 ilove69 ilove? ilovealex ilovealex1 iloveboys iloveboys1 ilovecats ilovechris ilovedavid
ilovedogs ilovedogs1 ilovegirls ilovegod ilovegod1 iloveher iloveher1 ilovehim ilovehim! ilovehim1
ilovehim12 ilovehim2 iloveindia ilovejesus ilovejoe ilovejoe1 ilovejohn ilovejohn1 ilovejosh ilovejosh1
ilovejusti ilovelife ilovelucy ilovematt ilovematt1 iloveme iloveme! iloveme1 iloveme12 iloveme123 iloveme2
iloveme3 ilovemike ilovemike1 ilovemom ilovemom1 ilovemusic ilovemybab ilovemydad ilovemyfam ilovemyfamily
ilovemykid ilovemykids ilovemylife ilovemymom ilovemymum ilovemysel ilovemyself ilovenick ilovenick1
ilovepussy iloveryan iloveryan1 ilovesam ilovesam1 ilovesex ilovesex1 iloveu iloveu! iloveu. iloveu1
iloveu12 iloveu123 iloveu13 iloveu2 iloveu22 iloveu3 iloveu4 iloveu5 iloveu7 iloveyou iloveyou! iloveyou.
iloveyou0 iloveyou01 iloveyou07 iloveyou08 iloveyou09 iloveyou1 iloveyou10 iloveyou11 iloveyou12 iloveyou123
iloveyou13 iloveyou14 iloveyou143 iloveyou15 iloveyou16 iloveyou17 iloveyou18 iloveyou19 iloveyou2
iloveyou20 iloveyou21 iloveyou22 iloveyou23 iloveyou24 iloveyou3 iloveyou4 iloveyou5 iloveyou6 iloveyou69
iloveyou7 iloveyou8 iloveyou88 iloveyou9 iloveyou<3 iloveyouba iloveyouso iloveyoux3 iluvme iluvme1 iluvme2
iluvu iluvu1 iluvu2 iluvyou iluvyou1 ily123 imagine imagine1 imcool imcool1 imesh imgay1 iminlove imissu
imissyou imissyou1 immortal immortal1 imnumber1 impact impala imperial important impossible impreza imsexy1
imthebest imthebest1 imyaimyaimya inactive1996aug incorrect incredible incubus incubus1 independen
independent india india1 india123 indian indian1 indiana indiana1 indians indians1 indigo indira indonesia
indya123 ineedyou infamous1 infantry inferno inferno1 infiniti infinito infinity infinity1 info information
ingo10477 ingodwetrust ingrid inibif47 inlove inlove1 inna innocent insane insane1 insanity insert inside
insomnia inspiron insurance integra integra1 integrity inter inter10 inter123 inter1908 interests intermilan
international internazionale internet internet1 intrepid intruder inuyasha inuyasha1 inuyasha12 invisible
iopjkl12 iphone ipod123 ipswich ireland ireland1 irene irene1 irina irinka irish irish1 irishka iriska irock
irock1 irock123 ironmaiden ironman ironman1 irving isaac isaac1 isabel isabel1 isabel972 isabela isabella
isabella1 isabelle isabelle1 isaiah isaiah1 island island1 ismael ismail israel israel1 istanbul istanbul34
itachi itachi1 italia italia1 italian italian1 italiano italie italien italy italy1 itsme itsme1 itsmylife
iubire ivan ivan123 ivanov ivanova iverson iverson1 iverson3 iw14fi9j iw14fi9jwqa iw14fi9jxl iwantu izabella
j j0rdan j12345 j123456 j1234567 j12345678 j123456789 j1v1fp2bxm j38ifubn j4n4jel4 j5644574 jac jack jack01
jack11 jack12 jack123 jack1234 jack13 jackal jackass jackass1 jackass123 jackass2 jackie jackie1 jackie12
jackie123 jackie2 jackjack jackjack1 jackmore1 jackpot jackpot1 jackson jackson1 jackson12 jackson123
jackson2 jackson5 jacky jacob jacob1 jacob12 jacob123 jacob2 jacobs jacopo jacqueline jacques jadakiss jade
jade123 jadebibou jaden1 jagger jaguar jaguar1 jaiden jaiden1 jaigurudev jaihanuman jaimatadi jaime jaime1
jajaja jakarta jake jake01 jake11 jake12 jake123 jake1234 jakejake jakjak jalisco1 jam jam123 jamaica
jamaica1 jamal1 james james007 james01 james1 james10 james11 james12 james123 james1234 james13 james2
james21 james22 james23 james3 james4 james5 james69 james7 jamesbond jamesbond007 jamesbond1 jameson jamess
jamie jamie1 jamie123 jamila jamjam jammer jammin jan jan123 jancok jandre007 jane janek1 janelle janelle1
janet janet1 janette janice janice1 janina janine janine1 janjan jansen januari january january1 janvier
japan japan1 japanese japanese92 jared jared1 jarhead jarox1301! jarrett jarule jarvis jasmin jasmin1
jasmina jasmine jasmine01 jasmine1 jasmine11 jasmine12 jasmine123 jasmine13 jasmine2 jasmine3 jasmine4
jasmine5 jasmine7 jason jason1 jason12 jason123 jason2 jasper jasper01 jasper1 jasper12 jasper123 javier
javier1 jaw138whet330 jay jay123 jaybird jaycee jayden jayden07 jayden08 jayden1 jayhawks jayjay jayjay1
jaylen jaylen1 jayson jayson1 jazmin jazmin1 jazmine jazmine1 jazz jazz123 jazzie jazzman jazzy jazzy1
jazzy123 jbuster13 jcdenis1 jdd04257 jean jeanette jeanette1 jeanne jeannie jeep jeff jeff123 jeff24
jefferson jefferson1 jeffery jeffery1 jeffhardy jeffhardy1 jeffrey jeffrey1 jehova jehovah jehovah1 jelena
jello jello1 jelly jelly1 jellybean jellybean1 jellyfish jelszo jen jen123 jenifer jenjen jenjen1 jenkins
jenna jenna1 jenni jennie jennie1 jennifer jennifer1 jennifer12 jennifer2 jenny jenny1 jenny12 jenny123
jensen jer2911 jeremiah jeremiah1 jeremy jeremy1 jeremy12 jericho jericho1 jermaine jermaine1 jerome jerome1
jeronimo jerry jerry1 jerry123 jersey jersey1 jerusalem jes jess jess12 jess123 jesse jesse1 jesse12
jesse123 jessi1 jessica jessica! jessica. jessica01 jessica1 jessica10 jessica11 jessica12 jessica123
jessica13 jessica14 jessica15 jessica16 jessica18 jessica2 jessica21 jessica22 jessica23 jessica3 jessica4
jessica5 jessica69 jessica7 jessica8 jessica9 jessie jessie1 jessie12 jessie123 jessika jessy jessy1 jester
jester1 jesucristo jesus jesus! jesus#1 jesus01 jesus07 jesus1 jesus10 jesus101 jesus11 jesus12 jesus123
jesus1234 jesus13 jesus2 jesus23 jesus3 jesus33 jesus4me jesus5 jesus7 jesus77 jesus777 jesusc jesuschris
jesuschrist jesuscristo jesusfreak jesusis jesusis1 jesusislord jesuslives jesusloves jesuslovesme jesuss
jesussaves jet jetaime jeter2 jethro jetsmets jewel jewel1 jewels jewels1 jewish jewish1 jfgvcqbuzug
jg3h4hfn ji394su3 jiang8kevin jibopogie jiefang007 jill jillian jillian1 jim jim123 jimbo jimbo1 jimbob
jimbob1 jimena jimenez jimjim jimmie jimmie48 jimmy jimmy1 jimmy12 jimmy123 jimmy2 jingjing jingle jingles
jj1234 jjcg16dj5k jjjj jjjjj jjjjj1 jjjjjj jjjjjj1 jjjjjjj jjjjjjjj jjjjjjjjjj jkiuztdftl57 jkjkjk jkl123
jkljkl jktxrf jktymrf jm0753 jmoney1 jnkwear1 joanna joanna1 joanne joanne1 joaquin jobhunt jobs jobsearch
jobshop2002 jocelyn jocelyn1 joe joe123 joejoe joejoe1 joejonas joejonas1 joel joel123 joelle joey joey12
joey123 johan johann johanna johanna1 johannes john john!20130605at1753 john11 john12 john123 john1234
john13 john23 john2567 john316 johnathan johnathan1 johnboy johncena johncena1 johncena12 johncena54
johndeere johndeere1 johnjohn johnjohn1 johnlock johnny johnny1 johnny12 johnny123 johnny1959 johnny2
johnny5 johnnydepp johnpaul johnson johnson1 jojo jojo12 jojo123 jojojo jojojo1 joker joker1 joker12
joker123 joker13 jokers jolinek33 jomacapa jon jon123 jonas jonas1 jonas123 jonas3 jonasbroth jonathan
jonathan1 jonathan12 jonathan2 jonathon jonathon1 jones jones1 jonjon jonjon1 jonny jonny1 jonny5 joonah
jordan jordan! jordan01 jordan06 jordan07 jordan08 jordan09 jordan1 jordan10 jordan11 jordan12 jordan123
jordan13 jordan14 jordan15 jordan2 jordan21 jordan22 jordan23 jordan2345 jordan24 jordan3 jordan4 jordan45
jordan5 jordan6 jordan7 jordan8 jordan9 jordan99 jordon jordyn jordyn1 jorge jorge1 jorge123 jose jose12
jose123 jose1234 jose13 jose1995 josefina joselito joseluis josemanuel joseph joseph01 joseph1 joseph11
joseph12 joseph123 joseph2 joseph3 josephine josephine1 josette1 josh josh12 josh123 josh13 joshua joshua01
joshua1 joshua10 joshua12 joshua123 joshua13 joshua2 joshua21 joshua3 joshua7 josiah josiah1 josie josie1
journey journey1 joy joy123 joyce joyce1 joyful joyjoy jp72l05w jr1234 jrcfyf ju2002 juan juan12 juan123
juan13 juancarlos juancho juanita juanita1 juanito juanito1 juanjose juanpablo jubilee jubjub judith judith1
juggalo juggalo1 juggalo420 juice juice1 juicy1 juju juju1987 jujuju jujuvivi jul jules julia julia1
julia123 juliadronina1996 julian julian1 julian1705 juliana juliana1 juliana123 julianna julie julie1
julie123 julie2811 julien juliet juliet1 julieta juliette julio julio1 julio123 julius julius1 july july10
july11 july12 july13 july14 july15 july16 july17 july18 july19 july20 july21 july22 july23 july24 july25
july26 july27 july28 july29 july30 july31 jumper jumper1 jumpman23 jundian2011xr june june10 june11 june12
june13 june14 june15 june16 june17 june18 june19 june20 june21 june22 june23 june24 june25 june26 june27
june28 june29 june30 junebug junebug1 jungle jungle1 juninho junior junior01 junior1 junior10 junior11
junior12 junior123 junior13 junior2 junior3 junior5 junior8 junior88 juniper junjun junkie1 junkmail junpyo
jupiter jupiter1 just4fun just4me just4u just4you justdoit justdoit1 justice justice1 justin justin!
justin01 justin07 justin08 justin1 justin10 justin11 justin12 justin123 justin13 justin14 justin15 justin16
justin17 justin18 justin2 justin21 justin22 justin23 justin3 justin4 justin5 justin69 justin7 justina
justinbieb justinbieber justine justine1 justme justme1 justus justyna juventini juventus juventus1 k k.
k.,jdm k.lvbkf k.pepper1 k12345 k123456 k1234567 k123456789 k25061405u ka_djkhjsy6 kacper kaden10 kagome
kagome1 kaifer124 kaikai kaiser kaiser1 kaitlin kaitlin1 kaitlyn kaitlyn1 kaka kaka123 kaka22 kakaka
kakakaka kakaroto kakashi kakashi1 kakashi21 kakashka kaktus kaleb1 kalina kalpana kamala kamasutra kambing
kamehameha kameron kameron1 kamikadze kamikaze kamil kamil1 kamil555 kamila kamilla kamote kampala kamran
kanchan kangaroo kangaroo1 kannan kansas kansas1 kapej111 kapusta kar kara2711 karachi karakartal karamba
karaoke karaoke1 karappinha karate karate1 kareem karen karen1 karen123 karima karina karina1 karine karla
karla1 karma karma1 karo13 karolina karolina1 kartal karthik kartoffelpuffer karukera kasandra kasey1
kashmir kasia kasia1 kasper kassandra kassandra1 kassie kat kat123 katana katana1 katarina kate kate123
katelyn katelyn1 katerina katharina katherine katherine1 kathleen kathleen1 kathmandu kathryn kathryn1 kathy
kathy1 katie katie1 katie12 katie123 katie2 katkat katrin katrina katrina1 katya kaulitz kavita kavitha
kavkaz kawaii kawasaki kawasaki1 kay123 kaycee kayden kaykay kaykay1 kayla kayla1 kayla12 kayla123 kayla2
kaylee kaylee1 kayleigh kayleigh1 kayode kazantip keegan keegan1 keenan keeper keepout keepout1 keepout8
keisha keisha1 keith keith1 keller kelley kelley1 kellie kellie1 kelly kelly1 kelly12 kelly123 kelsey
kelsey1 kelvin kelvin1 ken ken123 kendall kendall1 kendra kendra1 kenken kennedy kennedy1 kenneth kenneth1
kennwort kenny kenny1 kenny123 kenshi21 kenshin kenshin1 kent kentucky kentucky1 kenwood kenwood1 kenworth
kenya1 kenzie kenzie1 kermit kermit1 kerry kerry1 kerstin ketchup kevco33 kevin kevin1 kevin11 kevin12
kevin123 kevin2 kevinbg01 kevnwo128 keyboard keyboard1 keystone keystone1 keywest kfcnjxrf kfgjxrf kfhbcf
khadija khaled khalid khalil khan khushi kiara kiara1 kickass kickass1 kicker kickflip kickflip1 kidrock
kidrock1 kids kids123 kieran kifj9n7bfu kikeunyw kiki kiki12 kiki123 kikiki kill kill123 killa killa1
killa12 killa123 killbill killbill1 killemall killer killer01 killer1 killer10 killer11 killer12 killer123
killer1234 killer13 killer2 killer21 killer22 killer23 killer3 killer4 killer5 killer6 killer666 killer69
killer7 killer9 killer99 killerin66 killerman killers killers1 killian killkill killme killme1 killua
killyou killzone kim kim123 kimber kimberley kimberly kimberly1 kimberly12 kimbum kimkim kimmie kimmie1
kimmy kimmy1 kims89 kinder kindness king king11 king12 king123 king1234 king13 king23 kingdom kingdom1
kingfish kingfisher kingking kingkong kingkong1 kingpin kingpin1 kings kings1 kingsley kingston kingston1
kinky1 kinomoto89 kipper kipper1 kira kirby kirby1 kirik26trimyasov kirill kirill1990 kirsten kirsten1
kirsty kishore kismet kiss kiss12 kiss123 kisses kisses1 kisses2 kissing kisskiss kisskiss1 kissme kissme1
kissme123 kissme2 kissmyass kissmyass1 kissmyass2 kitchen kitkat kitkat1 kitten kitten1 kitten12 kitten123
kitten2 kittens kittens1 kittie kittie1 kitties kitty kitty1 kitty101 kitty11 kitty12 kitty123 kitty13
kitty2 kitty3 kitty5 kitty6 kitty69 kitty7 kittycat kittycat1 kittykat kittykat1 kittykitty kittylove kittys
kjifhf kjiflm kjkszpj kjrjvjnbd kkk kkk123 kkkk kkkkk kkkkkk kkkkkk1 kkkkkkk klapaucius klaster klaudia
klaudia01 kleopatra klg604 klinger1 klopik klopklop knackwurst8853 knicks knight knight1 knights knights1
knopka knowledge knuckles koala kobe kobe08 kobe24 kobebryant kocham kochamcie kochanie kodiak kokakola koko
koko123 kokoko kokokoko kokomo kokot kolawole kolbasa kolkata kolkol90 kolobok kolodiy kolokol komputer
komputer1 komputer12 konfetka konrad konstantin kontakt kontol kookie kool kool12 kool123 koolaid koolaid1
korean korn koroleva korova kosama koshka kosmos kosova kostik kostya kotenok koupelna kowalski kramer
kramer1 krasota krasotka kratos krazy1 kretsaha53 kris kris10 krishna krishna1 krishnan krissy krissy1
krista krista1 kristal kristel kristen kristen1 kristi kristi1 kristian kristin kristin1 kristina kristina1
kristine kristine1 kristy kristy1 krokodil krolik kronos krystal krystal1 krystyna56 ks120473 ksenia kseniya
ksusha kthjxrf ktvt6tn9 ktyjxrf kuana230345 kucing kujawka98 kumar kumar123 kungfu kurama kurdistan kurt
kurtcobain kurwamac kxdw0980 kyle kyle12 kyle123 kylie kylie1 l l12345 l123456 l123456789 l1nk3d1n l1nked1n
l1verpool l3tm31n l58jkdjp!m l5l5l5 l6ho3tg7wb la labrador labtec lacey lacey1 lacoste lacoste1 lacrimosa
lacrosse lacrosse1 laddie ladies ladiesman1 lady lady12 lady123 ladybird ladybug ladybug1 ladybug2 ladygaga
laetitia laguna laguna1 lahmy1 lahore lahoumti lakers lakers08 lakers1 lakers123 lakers24 lakers32 lakers8
lakeside lakewood lakota lakshmi lala lala11 lala12 lala123 lalakers lalala lalala1 lalala123 lalalala
lalaland lalaland1 lalita lamar1 lambert lamborghini lamont lamont1 lampard lampard8 lananh lancaster lance
lance1 lancelot lancer lancer1 lancia037 landmark landon landon1 landrover lane language lanlan1234 lansing
lapinou lapochka laptop laptop1 lara lara1308 laracroft larisa larissa larissa1 larry larry1 larry123 laska
lassie last last.fm lastfm lasvegas lasvegas1 latifa latina latina1 latino latino1 latoya latoya1 laughter
laura laura1 laura123 laurah laurel laurel12creek lauren lauren01 lauren1 lauren11 lauren12 lauren123
lauren2 laurence laurent lauretta laurie laurie1 laurita lavanya lavender lavender1 lavezzi lavigne lavinia
lavoro lawrence lawrence1 lawson lawyer layla1 layout1 layouts1 lazarus lbvjxrf ldgend leader leah leandro
leanne leanne1 learning leather leavemealone lebanon lebron lebron1 lebron23 lebronjame ledzep ledzeppelin
lee lee123 leeann leeds1 leedsutd leelee leelee1 leeloo left4dead legacy legend legend1 legend22 legenda
legion legolas legolas1 lehjxrf leicester leigh leigh1 leika1 leika86 leilani leinad leland leliane50934
leloto lemon lemon1 lemon8 lemonade lemonade1 lemons lemons1 lena lena123 lenalena leningrad lenka lenlen
lennon lennon1 lennox lenny1 leno4ka lenochka lenovo leo leo123 leoleo leolong1985 leon leonard leonard1
leonardo leonardo1 leonel leonid leonidas leonie leonor leopard leopard1 leopold leopoldo leralera leroy1
lesbian lesbian1 lesley leslie leslie1 lespaul lespaul1 lestat lestat1 lester lester1 leticia leticia1
letitbe letizia letme1n letmein letmein! letmein1 letmein123 letmein2 letmeinnow letsgo letter lewis lewis1
lexie1 lexmark lexmark1 lexor123 lexus lexus1 lfitymrf lfybbk lfybkf lh6209lh lhfrjy li0903 liam libby
libby1 libero liberta libertad liberte liberty liberty1 libra libra1 library library1 lickme lickme1
licorice life life123 lifehack lifeisgood lifesucks lifesucks1 lifetime ligabue light light1 lightbulb1
lighthouse lighting lightning lightning1 lightning2 lightpower12345 lights lil lil123 lilbit lilbit1 lili
lilian liliana liliana1 lilica lilili lilith liliya lilli2006 lillian lillian1 lillie lillie1 lilly lilly1
lilly123 lilmama lilmama1 lilmama12 lilmama2 lilman lilman1 lilou lilpimp1 lilred1 lilsexy1 lilwayne
lilwayne1 lilwayne12 lilwayne2 lily lily123 limegreen limegreen1 limpbizkit lin456 lina90 lincoln lincoln1
linda linda1 linda123 lindinha lindsay lindsay1 lindsey lindsey1 lineage lineage2 lingling link link123
linked linked1 linked123 linkedin linkedin01 linkedin1 linkedin11 linkedin123 linkedin2011 linkedin4me
linkedln linker linkin linkin1 linkinpark linusd8 lion lionel lioness lionheart lionheart1 lionking
lionking1 lions1 lipgloss lipgloss1 lipstick lipton lipy110593 liquid lisa lisa12 lisa123 lisalisa lisamarie
lisboa listen lithium little little1 littlebit littlebit1 littleman littleman1 littleone live4him livelife
livelife1 liverp00l liverpoo liverpool liverpool0 liverpool1 liverpool123 liverpool2 liverpool5 liverpool7
liverpool8 liverpool9 liverpoolfc livestrong living liz123 liza lizard lizard1 lizbeth lizottes lizzie
lizzie1 lizzy lizzy1 ljxtymrf lkjhgf lkjhgfdsa lkjhgfdsa1 llama llama1 llamas llll lllll llllll llllll1
llllllll lloyd lloyd1 lmapacey lobster lobster1 loco loco123 loco13 locura logan logan1 logan123 login
login123 logitech logitech1 lokita lokoloko lokomotiv lol lol101 lol123 lol1234 lol12345 lol123456 lola
lola12 lola123 lolalola lolek123 lolipop lolipop1 lolipop123 lolita lolita1 lollipop lollipop1 lollol
lollol1 lollol123 lollollol lolly lollypop lollypop1 lolo lolo12 lolo123 lolol lololo lololo1 lololol
lolololo lolotte london london01 london1 london11 london12 london123 london22 londres lonely lonely1
lonestar lonewolf lonewolf1 long longbeach longbeach1 longhorn longhorn1 longhorns longhorns1 lonnie
lonsdale looby123 look looking looking1 looney looney1 looser looser1 lopata lopez lopez1 lord lordjesus
loredana lorena lorena1 lorenz lorenzo lorenzo1 loretta loretta1 lorraine lorraine1 losangeles loser loser!
loser1 loser101 loser11 loser12 loser123 loser13 loser2 loser3 loser4 loser5 loserface1 losers losers1 lost
lottie lotus lotus1 lotus123 lou louie louie1 louis louis1 louisa louise louise1 louise123 loulou loulou1
louloute lourdes lov lovable love love!! love00 love01 love02 love03 love04 love05 love06 love07 love08
love09 love1 love10 love100 love101 love11 love111 love12 love123 love1234 love12345 love123456 love13
love1314 love14 love143 love15 love16 love17 love18 love19 love20 love2006 love2007 love2008 love2009
love2010 love2011 love21 love22 love23 love24 love25 love26 love27 love28 love29 love2love love30 love31
love32 love321 love33 love333 love34 love420 love44 love45 love456 love4eva love4ever love4ever1 love4life
love4me love4u love4you love55 love56 love5683 love66 love666 love69 love77 love777 love87 love88 love89
love90 love91 love92 love93 love94 love95 love96 love99 loveable loveable1 lovebird lovebug lovebug1
lovebug2 loved1 loveforever lovegod lovegod1 lovehate lovehate1 lovehim1 lovehurts lovehurts1 lovehurts2
loveis loveis1 loveislife loveit lovejesus loveless loveless1 lovelife lovelife1 lovelove lovelove1
lovelovelove lovely lovely! lovely1 lovely12 lovely123 lovely2 lovely3 lovely69 lovely7 lovelygirl loveme
loveme! loveme1 loveme11 loveme12 loveme123 loveme13 loveme2 loveme22 loveme23 loveme3 loveme4 loveme69
loveme7 lovemom1 lovemykids lover lover! lover1 lover101 lover11 lover12 lover123 lover13 lover14 lover2
lover21 lover22 lover23 lover3 lover4 lover5 lover69 lover7 loverboy loverboy1 lovergirl lovergirl1 loverman
lovers lovers1 lovers12 lovers123 lovers2 lovers69 loves loves1 lovesex lovestory lovesucks lovesucks1 loveu
loveu1 loveu2 loveu4ever loveya loveya1 loveya2 loveyou loveyou! loveyou1 loveyou12 loveyou123 loveyou2
loveyou3 loving loving1 lovingyou lowrider lowrider1 loyola lozinka lpl ltdjxrf ltybcrf ltybcrj1992 ltymub
luc luca lucas lucas1 lucas123 lucero lucia lucian luciana luciano lucie lucifer lucifer1 lucifer666 lucille
lucille1 lucinda lucinka luckies lucky lucky01 lucky07 lucky1 lucky10 lucky11 lucky12 lucky123 lucky13
lucky2 lucky21 lucky22 lucky3 lucky4 lucky5 lucky6 lucky69 lucky7 lucky77 lucky777 lucky8 luckyboy luckydog
luckydog1 luckyme lucy lucy12 lucy123 ludacris ludacris1 ludi1234 ludivine ludmila ludovic ludwig luigi luis
luis12 luis123 luis13 luisa luisito lukas lukas1 lukas123 lukasz lukasz12 luke luke123 lulu lulu123 lululu
lumiere luna luna123 lunaluna lunatic lunita lupita lupita1 luther luv123 luv4ever lvbnhbq lydcc20091314
lydia1 lynette lynette1 lynlyn lynn lynn123 lzhan16889 m m01759766727 m0nk3y m0nkey m12345 m123456 m1234567
m12345678 m123456789 m1am1b3ach m1chael m1chelle m8a8vhr6 m@d!z maburro mac mac123 macaco macarena macaroni
macdaddy macdaddy1 macdre1 machine machine1 maciek maciek06 macintosh mack mack10 mackenzie mackenzie1
mackie macmac mad madagascar madagaskar madalena madalina madara madden madden07 madden08 madden09 madden1
maddie maddie1 maddie123 maddison maddison1 maddog maddog1 maddy maddy1 madeleine madeline madeline1 madhuri
madina madinina madison madison01 madison1 madison12 madison123 madison2 madison3 madison4 madison5 madison7
madmad madman madman1 madmax madmax1 madness madness1 madona madonna madonna1 madonna12 madrid madrid1
madryt madzia maella1311 maemae maestro mafalda mafia mafia1 mag magali maganda maganda1 magandaako magazine
magda magda1 magdalena magdalena1 magenta maggie maggie01 maggie1 maggie11 maggie12 maggie123 maggie13
maggie2 maggie3 maggot magic magic1 magic123 magic32 magical magical1 magician magick magicman magma9824660
magnet magno07 magno456 magnolia magnolia1 magnum magnum1 magnus magpie mahal mahalkita mahalkita1 mahalko
mahalkoh mahesh mahmoud maiden maiden1 maiden666 maik1996 maika2006 mail mail.ru mailman maimai maine1
maisie maison maiyeuem majestic major1 makaka makaveli makaveli1 makayla makayla1 makemoney makemoney1
makenzie makeup makeup1 maks maksim maksimka mal malachi malachi1 malaga malaka malaysia malaysia1 malboro
malcolm malcolm1 malcom maldini maldita maldives malena malibu malibu1 malice malik malik1 malika malina
malinka malish malishka mallard mallorca mallory mallory1 malone malvina mam mama mama11 mama12 mama123
mama1234 mamacita mamadou mamama mamamama mamamia mamamia1 maman mamapapa mamapapa1 mamasita mamika10
mamikawada mamina maminka mamita mamita1 mamma mamma1 mamma123 mammamia mammina mamochka mamour man man123
management manager manager1 manchester manchester1 mancity mancity1 mandarin mandarina mandingo mandrake
mandy mandy1 mandy123 manfred mango mango1 mango123 mangos manhattan maniac manila manish manisha mankind
manman manman1 manning manning18 manny manny1 manolito manolo manon manowar manson manson1 manson666 manu
manu123 manuel manuel1 manuel12 manuel123 manuela manuela1 manunited manunited1 manutd manutd1 manzana
maomao maplestory maprchem56458 mar mar123 maradona maradona10 maranatha marathon marbella marble marc
marcel marcel1 marcela marcella marcello marcelo march march1 march10 march11 march12 march13 march14
march15 march16 march17 march18 march19 march20 march21 march22 march23 march24 march25 march26 march27
march28 march29 march3 march30 march31 march5 march6 march7 march9 marcia marcin marcin1 marco marco1
marco123 marcopolo marcos marcos1 marcus marcus1 marek marek14michal margaret margaret1 margarida margarita
margarita1 margaux margherita margie margot marguerite mari mari123 maria maria1 maria12 maria123 maria13
maria2 maria666 mariage mariah mariah1 mariajose mariam mariama marian marian1 mariana mariana1 marianna
marianne mariano marias maribel maribel1 marica maricel marie marie05 marie1 marie11 marie12 marie123
marie13 marie14 marie2 marie22 marie23 marie3 marie7 mariel mariela mariella marielle marietta marigold
marihuana marija marijuana marijuana1 marika marilena marilou marilyn marilyn1 marilyn59 marimar marina
marina1 marina123 marinara marine marine1 mariners marines marines1 marinka marino marino13 mario mario1
mario12 mario123 mario140773 mario64 marion marion1 mariposa mariposa1 marisa marisa1 marisha marishka
marisol marisol1 marissa marissa1 marita maritza marius mariusz mariya marjorie mark mark12 mark123 mark1234
mark_963 marker market marketing marketing1 markie markiz markiza marko markus markus1 marlboro marlboro1
marlene marlene1 marley marley1 marlin marlon marlon1 marmalade marmar marmite marmotte maroon5 marquez
marquis marquis1 marriage married married1 marron mars marseille marseille1 marseille13 marsel marsha
marshall marshall1 marsik marta marta1 marta7 martha martha1 martin martin1 martin12 martin123 martina
martina1 martine martine1 martinez martinez1 martini martini1 martinique martins marty marty1 marusya marvel
marvel1 marvel5454 marvin marvin1 mary mary12 mary123 maryam maryann maryann1 maryjane maryjane1 maryjane42
marykay maryland maryland1 marymary maryrose mas masamune mase4ever maserati mash4077 masha mashka mason
mason1 mason123 massage massage1 massimo massive master master01 master1 master11 master12 master123 master2
master69 masterkey mastermind masters masters1 mat mat123 matador matahari mate mate1 matematica matematika
mateus mateusz mateusz1 mathematics matheo matheus mathew mathew1 mathias mathieu mathilde mathis matias
matilda matilda1 matilde matisse matrix matrix1 matrix123 matt matt12 matt123 matt1234 matt1988 matteo
matthew matthew01 matthew1 matthew11 matthew12 matthew123 matthew2 matthew3 matthew4 matthew5 matthew7
matthews matthias matthieu mattia mattie mattie1 matty matty1 mature matyas2001 maureen maureen1 maurice
maurice1 maurice4 mauricio maurizio mauro maverick maverick1 max max123 max1234 max12345 maxell maxence
maxim maxima maxima1 maxime maximilian maximiliano maximka maximo maximum maximus maximus1 maxine maxine1
maxix565656 maxmax maxmax1 maxpayne maxpower maxwell maxwell1 may may123 maya mayday mayhem maymay maynard
maynard1 mayowa mayquinn2 mayra1 mazafaka mazda mazda1 mazda3 mazda323 mazda6 mazda626 mazdarx7 mazdarx8
mbahurip mcdonald mcdonalds mcdonalds1 mcgrady1 mckenna mckenna1 mckenzie mckenzie1 mclaren mclarenf1 mcr123
md1998pb me me1212 me1234 me12345 meadow meagan meagan1 meandyou meandyou1 meatball meatball1 meatball99
meathead meatloaf mechanic mechanical medical medical1 medicina medicine medina medion medion1 medusa medved
meenakshi megadeth megadeth1 megafon megaman megaman1 megan megan1 megan123 megane megaparol megaparol12345
megasecret megatron meggie meghan meghan1 mehmet meister mel mel123 melania melanie melanie1 melbourne
melina melinda melinda1 melisa melissa melissa1 melissa12 melissa123 melissa2 mellon mellow melo15 melodie
melody melody1 melrose melvin melvin1 member member1 meme meme12 meme123 mememe mememe1 memorex memorex1
memories memory memphis memphis1 memphis10 mendoza mendoza1 mental mentos meow meow123 meowmeow meowmeow1
mephisto mercado mercedes mercedes1 mercurio mercury mercury1 merda merda123 merde meredith meredith1 merida
meridian merlin merlin1 merlot mermaid mermaid1 mersedes mesedka message messenger messenger1 messi messi10
messi19 messiah messiah1 metal metal1 metal123 metal666 metalgear metalica metall metallic metallica
metallica1 metallica2 metallica6 meteor meteora method metro1 metroid mewtwo mexican mexican1 mexican13
mexicano1 mexico mexico01 mexico1 mexico10 mexico11 mexico12 mexico123 mexico13 mexico2 mexico3 mexico5
mexico7 mgreen39 mhine mia123 mia305 miami miami1 miami305 miamia miamor miamor1 mibebe mic micaela micah1
michael michael! michael. michael01 michael08 michael1 michael10 michael11 michael12 michael123 michael13
michael14 michael15 michael18 michael2 michael21 michael22 michael23 michael3 michael4 michael5 michael6
michael69 michael7 michael8 michael9 michaela michaela1 michaeljac michal michal1 micheal micheal1 michel
michel1 michela michele michele1 michelle michelle! michelle01 michelle1 michelle11 michelle12 michelle13
michelle2 michelle3 michelle7 michigan michigan1 michoacan1 mickael mickey mickey01 mickey1 mickey11
mickey12 mickey123 mickey13 mickey2 mickey3 mickey7 mickeymous mickeymouse microlab microsoft microsoft1
midget midget1 midnight midnight1 midnight12 midnight2 midnite mierda mierda1 mighty mighty1 migrationschool
miguel miguel1 miguel12 miguel123 miguelito mihaela mihail mikael mikael412 mikaela mikayla mikayla1 mike
mike01 mike11 mike12 mike123 mike1234 mike13 mike21 mike22 mike23 mike69 mikejones1 mikemike mikemike1 mikey
mikey1 mikey123 miki mikimiki mil milacek milagros milan milan1 milana milanista milano milashka mildred
mildred1 milena miles miles1 miley1 miley123 mileycyrus military milk milka milkman milkshake milkshake1
milkyway millenium millennium miller miller1 millie millie1 million million1 million2 millions millwall
milly1 milo milton milton1 mimi mimi12 mimi123 mimimi mimine mimosa min mindy1 mine minecraft minemine
minerva minette mingming minhasenha mini minicalibra minicooper minimal minime minime1 minimum ministry
minnesota minnesota1 minnie minnie1 minouche mintal24 miracle miracle1 miracles mirage miranda miranda1
mireille mirela mirella miriam miriam1 miroslav mirror mis mischief misfit misfits misfits1 misha misha1
mishijos mishka misiaczek misiek misiek1 missie mission mission1 mississipp mississippi misskitty missouri
missy missy1 missy12 missy123 missy2 missyou mister mister1 misterio mistral mistress misty misty1 misty123
mitch mitch1 mitchell mitchell1 mitsubishi mittens mittens1 mivida mjdh065 mjdsf11 mkal2707 mlb229 mm123456
mm170667 mmm mmm123 mmmm mmmmm mmmmm1 mmmmmm mmmmmm1 mmmmmmm mmmmmmmm mmmmmmmmmm mmo110110 mnbmnbmnb mnbvcx
mnbvcxz mnbvcxz1 mnbvcxz123 mob123 mobile mobile1 mobster1 mobsters1 mocha1 mod7tygrysow model1 modena
modern moderncombat moemoe mohamed mohamed1 mohammad mohammed mohammed1 moi moimeme moimoi moises mojojojo
moldova molina mollie mollie1 molly molly1 molly12 molly123 molly2 mollydog mollydog1 moloko molson mom
mom123 mom1234 momanddad momanddad1 momdad momdad1 momma1 mommie mommie1 mommom mommom1 mommy mommy01 mommy1
mommy11 mommy12 mommy123 mommy2 mommy3 mommy4 mommy5 mommy7 mommyof2 mommyof3 momo momo12 momo123 momof2
momof3 momof4 momomo momoney momoney1 mon monaco monalisa monalisa1 monamour monange monarch moncoeur monday
monday1 monday123 mondeo money money$ money01 money07 money08 money09 money1 money10 money100 money101
money11 money12 money123 money1234 money13 money14 money15 money2 money21 money22 money23 money3 money4
money4940 money4me money5 money6 money69 money7 money8 money9 moneymaker moneyman moneyman1 moneyman87
moneymoney moneys moneys1 mongol mongoose mongoose1 monica monica1 monica12 monica123 monika monika1 monique
monique1 monitor monitor1 monkey monkey! monkey. monkey01 monkey07 monkey08 monkey09 monkey1 monkey10
monkey101 monkey11 monkey12 monkey123 monkey1234 monkey13 monkey14 monkey15 monkey16 monkey17 monkey18
monkey2 monkey21 monkey22 monkey23 monkey24 monkey3 monkey33 monkey4 monkey5 monkey6 monkey69 monkey7
monkey77 monkey8 monkey88 monkey9 monkey99 monkeyboy monkeyboy1 monkeybutt monkeyman monkeyman1 monkeys
monkeys1 monkeys2 monmon monopoly monopoly1 monroe monroe1 monster monster1 monster12 monster123 monster13
monster2 monster3 monster5 monster7 monstercha monsters montagne montana montana1 montecarlo montero
monterrey montgom2409 montgomery montreal montreal1 monty monty1 moo123 moocow moocow1 mookie mookie1 moomoo
moomoo1 moon moon123 moonbeam moonlight moonlight1 moonmoon moonshine moonshine1 moonstar moose moose1
moose123 mor morales morales1 morango morelle45 moremoney morena morena1 morenita moreno moreno1 morgan
morgan01 morgan1 morgan11 morgan12 morgan123 morgan2 morgana morgane moritz mormor morning morning21
morpheus morris morris1 morrison morrison1 morrowind mortal mortimer morton moscow moses moses1 mosima11
moskva mosquito mostwanted motdepasse mother mother1 mother12 mother123 mother2 mother3 motherfuck
motherfucker motherlode motherof2 motherof3 motocross motocross1 motorcycle motorhead motorola motorola1
mouette moumoune mountain mountain1 mouse mouse1 mouse123 moussa mousse movie movies movies1 mozart mozart1
mozilla mpeater mrf11277215 ms0083jxj mu080295 mudvayne mudvayne1 mufasa muffin muffin1 muffin12 muffin123
muffin2 muffins muffins1 muhammad muhammad1 muhammed mukesh mulder mullet mulligan multimedia multiplelog
mumbai mummy mummy1 munchie munchkin munchkin1 muppet murcielago murder murder1 muriel murphy murphy1 murray
murray1 murzik muscle mushroom mushroom1 music music! music1 music101 music11 music12 music123 music13
music2 music3 music4life music4me music5 music7 musica musica1 musical musical1 musician musiclover musicman
musicman1 musift10 musik musique muskan muslim mustafa mustafa1 mustang mustang01 mustang1 mustang123
mustang2 mustang5 mustang50 mustang65 mustang66 mustang67 mustang69 mustang7 mustangs mustangs1 mustapha
mustard mustard1 mutant mutter mv46vkmz10 my my-space my.space my1love my1space my204856 my2boys my2girls
my2kids my2sons my3boys my3girls my3kids my3sons my4kids my5kids myangel myangel1 mybabies mybaby mybaby1
mybaby2 myboo1 myboys myboys2 mydear myfamily myfamily1 myfriend mygirl mygirl1 mygirls mygirls2 mygirls3
myheart myhome myhoney myjesus mykids mykids1 mykids2 mykids3 mykids4 mylene mylife mylife1 mylinkedin
mylord mylove mylove1 mylove12 mylove123 mylove2 mylover mymother mymusic mymusic1 myname myname1 mynameis
mynameis1 mypass mypass1 mypassword myriam myrtle mysecret myself myself1 myspac3 myspace myspace! myspace.
myspace.co myspace0 myspace00 myspace01 myspace06 myspace07 myspace08 myspace09 myspace1 myspace10
myspace101 myspace11 myspace12 myspace123 myspace13 myspace14 myspace15 myspace16 myspace17 myspace2
myspace200 myspace201 myspace21 myspace22 myspace23 myspace24 myspace3 myspace4 myspace4me myspace5 myspace6
myspace69 myspace7 myspace77 myspace8 myspace88 myspace9 myspace99 myspacepas mysterio mystery mystery1
mystic myszka myworld n n12345 n123456 n123456789 n1frdz nabila nacho1 nacional nadegda nadege nadejda nadia
nadia1 nadine nadine1 naked namaste namaste78 nana nana12 nana123 nanana nancy nancy1 nancy123 nanny1 nanook
nanou4552 naomi naomi1 napoleon napoleon1 napoli narayan narayana narnia naruto naruto1 naruto10 naruto101
naruto11 naruto12 naruto123 naruto13 naruto2 naruto5 naruto7 naruto9 naruto924 nascar nascar1 nascar20
nascar24 nascar3 nascar8 nascar88 nash13 nashi1996 nashville nastena nastenka nastia nasty nasty1 nastya nat
nat123 nata natacha nataha natali natalia natalia1 natalie natalie1 nataliya natalka nataly natalya natasa
natascha natasha natasha1 nate nathalie nathan nathan01 nathan1 nathan11 nathan12 nathan123 nathan2
nathaniel nathaniel1 natiichen999 nation national national1 native native1 natural natural1 nature naughty
naughty1 nautica nautilus navarro naveen navigator naynay naynay1 nazareth nbvjatq ncc1701 ncc1701a ncc1701d
ncc1701e ncc74656 ne1469 nebraska nebraska1 nedved need4speed needajob needforspeed neelam nefertiti negrita
negrito negro1 nellie nellie1 nelly nelly1 nelson nelson1 nemesis nemesis1 nemo nena123 nene nene123 nenette
nenita neo123 neopets neopets1 neopets12 neptune neptune1 nerone nescafe nessa1 nessa1234 nestle nestor
network network1 networking nevada nevaeh nevaeh1 never never1 neveragain neverland nevermind nevermind1
nevermore nevim new new123 newcall newcastle newcastle1 newday newjersey newjersey1 newjob newlife newlife1
newman newman1 newmoon newnew newnew1 neworleans neworleans12345 newpass newpass1 newpasswor newpassword
newport newport1 newport100 newstart newstart1 newthree51 newton newton1 newuser newyear newyork newyork1
newyork12 newyork123 newyork2 newzealand nextel nextel1 nfnmzyf nfvfhf nfy.if nfy.irf nfytxrf nglw9840
nguyen nha7ebf6kp nhanngu nibbles nibbles1 nic nice nice123 niceguy nicholas nicholas1 nicholas12 nicholas2
nichole nichole1 nick nick11 nick12 nick123 nick1234 nick13 nickel nickiminaj nickjonas nickjonas1 nickolas
nicky nicky1 nicky123 nico nico39 nicola nicola1 nicolas nicolas1 nicole nicole! nicole. nicole01 nicole07
nicole08 nicole09 nicole1 nicole10 nicole11 nicole12 nicole123 nicole13 nicole14 nicole15 nicole16 nicole17
nicole18 nicole2 nicole21 nicole22 nicole23 nicole27 nicole3 nicole4 nicole5 nicole6 nicole7 nicole8
nicoleta nicoletta nideknil nigeria nigeria1 nigga nigga1 nigga12 nigga123 nigga2 niggas1 nigger nigger!
nigger1 nigger12 nigger123 nigger2 nigger69 niggers niggers1 night night1 nightmare nightmare1 nightwish nik
nike nike12 nike123 nike23 nikhil niki nikita nikita1 nikita123 nikitos nikki nikki1 nikki12 nikki123 nikki2
nikki6 niklas nikola nikolai nikolas nikolas1 nikolay nimbus nimrod nina nina123 ninanina niners nineteen
ninja ninja1 ninja123 ninjas nintendo nintendo1 nintendo64 nipper nipple nipples nirmala nirvana nirvana1
nissan nissan1 nissan350z nitram nitro1 niunia nj2mp73t nkechi1 nks230kjs82 nmt89109328673 nnnnnn no
no1knows noah nobody nobody1 noel noelia noelle noelle1 noemie nofear noiembrie noisette nokia nokia1
nokia123 nokia3100 nokia3250 nokia3310 nokia5130 nokia5200 nokia5230 nokia5300 nokia5310 nokia5530 nokia5800
nokia6230 nokia6233 nokia6300 nokia6600 nokian70 nokian73 nokian95 nolimit nolimit1 nolove nolove1
nomeacuerdo nomore nomore1 noname none nonmember nono nonono nonono1 noodle noodle1 noodles noodles1 nookie
nopass nopassword norbert noreen norma1 normal norman norman1 norte14 north1 northern northside1 norton
norton1 norway nosferatu not4you notebook notebook1 nothing nothing1 nothings123 notorious notredame
notredame1 nottingham nougat nounou nounours november november1 november10 november11 november12 november13
november14 november15 november16 november17 november18 november19 november2 november20 november21 november22
november23 november24 november25 november26 november27 november3 november30 november5 november7 november8
novembre noviembre novo noway noway1 nowehaslo nssadmin nthvbyfnjh ntktajy ntktdbpjh nugget nugget1 nuggets
nuggets1 null numba1 number number1 number10 number11 number12 number13 number2 number23 number3 number4
number5 number6 number7 number8 number9 numberone numero1 nummero1 nurse nurse1 nursing nursing1 nutella
nutmeg nuttertools nuvola nwo4life nwolf72 nymets nyq28giz1z o o12345 o123456 o23456 oakland oakland1 oakley
oasis oasis1 oatmeal obama08 obelix obinna obiwan oblivion oblivion1 ocean ocean1 oceane oceans oceans11
ocpoook325 octavia october october1 october10 october11 october12 october13 october14 october15 october16
october17 october18 october19 october2 october20 october21 october22 october23 october24 october25 october26
october27 october28 october29 october3 october30 october31 october4 october5 october6 october7 october8
october9 octopus octubre odessa odette office office1 offspring ogplanet ohcaptain ohiostate ohiostate1
ohmygod ohshit ohyeah ohyeah1 oicu812 oieoie oilers oioioi oklahoma oklahoma1 okokok oksana oktober ola
ola123 olalekan olamide olamilekan olanrewaju olaola olatunji olawale olayinka oldman oldnavy oldschool
oldschool1 olechka oleg olenka olesya olga olimpia olitec00 olive oliveira oliver oliver01 oliver1 oliver11
oliver12 oliver123 oliver2 olivia olivia1 olivia12 olivia123 olivia2 olivier ollie ollie1 olufiz14 olumide
olusegun oluwaseun omar omar123 omarion omarion1 omega omega1 omg123 omni omsairam omshanti one one234
one2three onedirection onelove onelove1 onepiece onetime onetwo onetwo12 onetwo3 onkelz online online1
online123 only1me only4me onlyme onlyme1 ontario oojs4ykl oooo oooooo oooooooo opelastra opelcorsa open
open123 opensesame openup openup1 operation operator opernhaus1 opeyemi ophelia ophelie opopop optimus
optimus1 oracle orange orange! orange1 orange11 orange12 orange123 orange13 orange2 orange22 orange3 orange5
orange7 oranges oranges1 orchid ordenador ordinateur oregon oregon1 oreo oreo12 oreo123 orient oriflame
origin original original1 orion orion1 orlando orlando1 ornella ortega oscar oscar1 oscar12 oscar123 oscar2
osiris ossi2000 othello ottootto ou812 ou8122 outkast outlaw outlaw1 overdrive overkill overlord ovr220278
ownage owt243ygbh owt243ygbj oxford oxygen p p00p00 p0o9i8 p0o9i8u7 p12345 p123456 p123456789 p1466186
p3rat54797 p455w0rd p4ssw0rd p4ssword p5415420 p@$$w0rd p@ssw0rd p@ssword pa pa$$w0rd pa$$word pa55w0rd
pa55word pablito pablo pablo1 pablo123 pacific packard packard1 packers packers1 packers4 pacman pacman1
paddle paddy1 paige paige1 painkiller paintball paintball1 painter painter1 painting paisley pajero pakistan
pakistan1 pakistan12 pakistan123 pakistani palace paladin paladin1 palermo pallavi pallina pallino pallmall
palmeiras palmer palmtree paloma paloma1 palomino paluso00 pamela pamela1 pampam panama panama1 panasonic
panasonic1 pancake pancake1 pancakes pancakes1 panchito pancho pancho1 panda panda1 panda12 panda123
pandabear pandabear1 pandas pandora pandora1 panget pangit panic! panic1 pankaj panorama pantera pantera1
panther panther1 panthers panthers1 panties panzer paola paola1 paolo papa papa123 papamama papapa papapapa
papatoma1 papaya paper paper1 paper123 paperino papichulo papichulo1 papillon papito paprika paquito par
paradis paradise paradise1 paradox paraiso paramedic paramore paramore1 paranoid parents paris paris1
paris123 parker parker1 parkour parlament parola parola1 parola12 parola123 parole parrot partizan partner
party party1 party123 pas pasadena pasaway pascal pascale pasha pasquale pass pass1 pass12 pass123 pass1234
pass1word pass9876 pass_2011 passat passcode passer2009 passer2010 passer2011 passion passion1 passions
passme passord passpass passport passport1 passw0rd passw0rd1 passwd password password! password. password0
password00 password01 password06 password07 password08 password09 password1 password1! password10 password11
password12 password123 password1234 password12345 password123456 password13 password14 password15 password16
password17 password18 password19 password2 password20 password21 password22 password23 password24 password25
password27 password3 password32 password33 password34 password4 password42 password44 password45 password5
password55 password6 password66 password69 password7 password77 password8 password88 password89 password9
password99 password? passwords passwort passwort1 pastor pastor1 pasword pasword1 pat pat123 patata patate
patatina patch1 patches patches1 pathfinder patience patience1 patito patrice patrice1 patricia patricia1
patricio patrick patrick1 patrick12 patrick123 patrick2 patrick3 patrik patriot patriot1 patriots patriots1
patriots12 patrizia patron patryk patterson patterson1 patton patty patty1 pauko97 paul paul12 paul123 paula
paula04 paula1 paulette paulie paulina paulina1 pauline pauline1 paulo pavel pavilion pavilion1 pavlik
pawpaw payback1 payton payton1 payton34 pazzword123 pdtplf peace peace! peace1 peace12 peace123 peace2
peaceful peaceout peaceout1 peach peach1 peaches peaches1 peaches2 peachy peacock peanut peanut01 peanut1
peanut11 peanut12 peanut123 peanut2 peanut3 peanutbutter peanuts peanuts1 pearl pearl1 pearljam pearljam1
pearls pebbles pebbles1 pedarsag pedrito pedro pedro1 pedro123 peekaboo peekaboo1 peepee peepee1 peewee
peewee1 pegaso pegasus pegasus1 peggy peggy1 peleleco pelican pelota peluche pelusa pencil pencil1 pendejo
pendejo1 penelope penelope1 penguin penguin1 penguins penguins1 penis penis1 penis123 penis69 pennstate
pennstate1 penny penny1 penny123 pennywise pentagon pentium pentium4 people people1 people12 people123
people2 pepe pepette pepino pepita pepito peppe pepper pepper01 pepper11 pepper12 pepper123 pepper2
peppermint peppers peppino pepsi pepsi1 pepsi123 pepsi2 pepsicola perach pereira perfect perfect1 perfect10
perfection perico perkele perkins perrito perro perros perry perry1 persik person persona personal personal1
pervert pessac pete peter peter1 peter123 peterbilt peterpan peterpan1 peters peterson petey1 petra petram
petrov petrova petrovich petting petunia peugeot peugeot206 peyton peyton1 peyton18 pfqxbr pg260365 phantom
phantom1 pharma pharmacy pheonix phil phil413 philip philip1 philipp philippe philippine philips philips1
phillies phillies1 phillip phillip1 phillips philly philly1 philly215 phoebe phoebe1 phoenix phoenix1
phoenix888 phone phone1 photo1 photos phpbb phuong phx602 phyllis physics piano piano1 piazza picard picasso
picasso1 piccola piccolo pickle pickle1 pickles pickles1 picture picture1 pictures pictures1 pidaras pie
pie123 pierce pierre pierre1 pietro piffish pigeon piggy piggy1 piglet piglet1 pikachu pikachu1 pilgrim
pillow pillow1 pilot1 pimp pimp01 pimp09 pimp10 pimp101 pimp11 pimp12 pimp123 pimp1234 pimp13 pimp14 pimp15
pimp21 pimp22 pimp23 pimp4life pimp69 pimpdaddy pimpdaddy1 pimpin pimpin1 pimpin101 pimpin12 pimpin2 pimpin3
pimpin69 pimping1 pimpjuice1 pineapple pineapple1 pingpong pingpong1 pinguin pinguino pingvin pink pink01
pink07 pink08 pink09 pink10 pink101 pink11 pink12 pink123 pink1234 pink13 pink14 pink15 pink16 pink18 pink21
pink22 pink23 pink69 pinkfloyd pinkfloyd1 pinkie pinkie1 pinklady pinkpink pinky pinky1 pinky123 pinky2
pinocchio piolin pioneer pioneer1 pioner piotrek pioupiou pipeline piper piper1 pipoca pippen33 pippin pippo
piramida piramide pirata pirate pirate1 pirates pirates1 pisces pisces1 pissoff pissoff1 pistache pistol
pistons pistons1 pitapooe1 pitbull pitbull1 pitiponc pittsburgh pixie pixie1 pixies pizdec pizza pizza1
pizza12 pizza123 pizza2 pizzahut pizzahut1 pizzas pjkjnj pk3x7w9w pl placebo placebo1 planet planeta plasma
plastic plastic1 platinum platinum1 platon platypus play playa playa1 playboy playboy1 playboy12 playboy123
playboy2 playboy69 player player1 player12 player123 player13 player2 player69 players playgirl playgirl1
playstatio playstation playstation2 playstation3 playtime please please1 pleasure pleasure1 plokij ploppy10
plumber plumber1 plus44 pluto pluto1 plymouth png po918dg pobeda pocahontas pocket poepen19 poetry pogiako
poi098 poi123 poilut point poipoi poison poison1 poisson poiu07 poiu0987 poiuy poiuyt poiuyt1 poiuytre
poiuytrewq poiuytreza pok29q6666 pokemon pokemon1 pokemon10 pokemon11 pokemon12 pokemon123 pokemon2 pokemon3
pokemon5 pokemon7 pokemon9 poker poker1 poker123 pokerface pokpok pol poland poland1 polarbear polarbear1
polaris polaris1 polenka1 police police1 police123 policeman policia polina polinka pollito pollo pollux
polly polly1 polniypizdec0211 polniypizdec1102 polniypizdec110211 polo polo123 polopolo polpol polska
polska1 polska123 pomalo123 pommes pommes123 pompey pompier pompom poncho poncho1 pontiac pontiac1 poo
poo123 poochie poochie1 poodle poodle1 pooh pooh12 pooh123 poohbear poohbear1 poohbear12 poohbear2 pookie
pookie1 pookie12 pookie123 pookie2 poonam poop poop00 poop11 poop12 poop123 poop1234 poop22 poop69 pooper
pooper1 poophead poophead1 poopie poopie1 poopmaster poopoo poopoo1 poopoo2 pooppoop pooppoop1 poopy poopy1
poopy12 poopy123 poot62 pooter pop pop123 pop168168 popcorn popcorn1 popcorn12 popcorn123 popcorn2 popeye
popeye1 popo popo09 popo123 popopo popopo1 popopopo popova poppop poppop1 poppy poppy1 poppy123 popstar
popstar1 poptart poptart1 poptropica popular porcodio porkchop porkchop1 porn porno porno1 pornstar
pornstar1 porsche porsche1 porsche911 portable portal porter porter1 portia portland portland1 portugal
portugal1 poseidon poser2 positive positive1 positivo possible possum postal poster pot420 potato potato1
pothead pothead1 pothead420 potpot potter potter1 poulet poulette poupee poupette poupoune poussin
povlmly727 povray14 powder powder1 powell power power1 power12 power123 power2 power999 powerful powerman
powerof3 powerpuff powers powers1 pppp ppppp pppppp pppppp1 pppppppp pqntmt1247 pr1ncess pradeep praise
praise1 prakash praline prasad prasanna prashant praveen prayer prayer1 preacher preciosa precious precious1
precious2 predator predator1 preeti pregmar2 prelude prelude1 premier premium presario presario1 president
president1 presley presley1 prestige presto preston preston1 pretty pretty1 pretty12 pretty123 pretty2
prettyboy prettyboy1 prettygirl prettyme pri primavera primrose primus prince prince1 prince12 prince123
prince2 princes princes1 princesa princesa1 princesita princess princess! princess. princess01 princess06
princess07 princess08 princess09 princess1 princess10 princess11 princess12 princess123 princess13
princess14 princess15 princess16 princess17 princess18 princess19 princess2 princess20 princess21 princess22
princess23 princess24 princess3 princess4 princess5 princess6 princess69 princess7 princess8 princess9
princessa princesse princeton principe principessa pringles printer printer1 prisca priscila priscilla
priscilla1 prissy prissy1 privacy private private1 privet priya priyanka pro pro100 prodigy prodigy1
production professional professor profile profit progress project project1 projectsadminx promise promise1
property prophet prosper prosperity prosto protect prototype prova proverbs31 proview prudence przyjaciolki
psalm23 psalms23 psicologia psp123 psycho psycho1 psychology pt120439 public puddin pudding pudding1 puddles
puertorico pugsley pulamea pulsar puma123 pumas1 pumpkin pumpkin1 pumpkin2 pumpkins punisher punisher1 punk
punk123 punker punkin punkin1 punkrock punkrock1 punky1 puppet puppies puppies1 puppies2 puppy puppy1
puppy12 puppy123 puppy2 puppydog puppydog1 puppylove puppylove1 puppys pupsik pupuce purdue purple purple!
purple01 purple1 purple10 purple11 purple12 purple123 purple13 purple14 purple15 purple16 purple2 purple21
purple22 purple23 purple3 purple4 purple5 purple6 purple69 purple7 purple8 purple9 pushkin pussies pussy
pussy1 pussy101 pussy12 pussy123 pussy2 pussy3 pussy4me pussy5 pussy69 pussy7 pussycat pussycat1 pussys
putangina puto81 puttana putter puzzle pwd1234 pwtest pyon pyramid pyramid1 python q q0tsrbv488 q11111
q111111 q123123 q12345 q123456 q1234567 q12345678 q123456789 q1a2z3 q1q1q1 q1q1q1q1 q1q2q3 q1q2q3q4
q1q2q3q4q5 q1w2e3 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 q1w2e3r4t5y6u7i8o9p0 q2345678 q2w3e4 q2w3e4r5 qamilek1
qaqaqa qarglr123 qawsed qawsed1 qawsed123 qawsedrf qawsedrftg qaywsx qaz qaz123 qaz12345 qaz123456 qaz123wsx
qaz741 qazedc qazplm qazqaz qazqaz1 qazqazqaz qazwsx qazwsx1 qazwsx12 qazwsx123 qazwsx1234 qazwsxed
qazwsxedc qazwsxedc1 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qazxcv qazxsw qazxsw1 qazxsw12 qazxsw123
qazxswedc qazxswedcvfr qazzaq qazzaq1 qdujvyg5sxa qh6xl1p9xj qiciqdp162 qpalzm qpwoeiruty qq123123 qq1234
qq123456 qq123456789 qq18ww899 qqq qqq111 qqq123 qqqq qqqq11 qqqq1111 qqqqq qqqqq1 qqqqqq qqqqqq1 qqqqqqo
qqqqqqq qqqqqqqq qqqqqqqqqq qqqwww qqqwwweee qqww1122 qqwwee qti7zxh18u quadro quake3 quality quality1
quality123 quantum quartz quattro quebec queen queen1 queen123 queenb1 queenbee queenbee1 queenie queenie1
queens queens1 quentin quentin1 question qugrqfo825 quicksilver quiksilver quincy quincy1 qvo78evm
qw10081973 qw123 qw123321 qw1234 qw123456 qw12qw12 qw3rty qwarty qwaszx qwaszx1 qwaszx12 qwaszx123 qwe
qwe1122334 qwe123 qwe1234 qwe12345 qwe123456 qwe123asd qwe123qwe qwe123qwe123 qwe1asd qwe321 qwe456 qwe789
qweasd qweasd1 qweasd12 qweasd123 qweasdzxc qweasdzxc1 qweasdzxc123 qwedsa qwedsazxc qweewq qwegta13091990
qweqwe qweqwe1 qweqwe123 qweqweqwe qwer qwer12 qwer123 qwer1234 qwer12345 qwer4321 qwerasdf qwerasdfzxcv
qwerfdsa qwerpoiu qwerqwer qwerqwer2 qwerrewq qwert qwert1 qwert12 qwert123 qwert1234 qwert12345 qwert5
qwert54321 qwert6 qwertasdfg qwertqwert qwerty qwerty! qwerty. qwerty0 qwerty00 qwerty01 qwerty1 qwerty10
qwerty11 qwerty111 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwerty123456789 qwerty13 qwerty2
qwerty21 qwerty22 qwerty23 qwerty3 qwerty321 qwerty4 qwerty5 qwerty55 qwerty6 qwerty66 qwerty666 qwerty67
qwerty69 qwerty7 qwerty77 qwerty777 qwerty78 qwerty789 qwerty8 qwerty88 qwerty9 qwerty99 qwertyasd
qwertyasdfgh qwertyqwerty qwertyu qwertyu1 qwertyu123 qwertyu8 qwertyui qwertyui1 qwertyuio qwertyuio1
qwertyuiop qwertyuiop1 qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyytrewq qwertz qwertz1 qwertz123 qwertzu
qwertzui qwertzuiop qwezxc qwqwqw qwqwqwqw qyahzn r r041stcu r12345 r123456 r1234567 r123456789 r1cd38d
r2d2c3po r4e3w2q1 r9lw4j8khx rabat1945 rabbit rabbit1 rabbits rabota racecar racecar1 racer1 rachael
rachael1 rachel rachel1 rachel12 rachel123 rachel2 rachelle rachelle1 rachid racing racing1 racoon radeon
radhika radical radical1 radio radio1 radiohead radiohead1 raduga rafael rafael1 rafaela raffaele raffaella
ragnarok rahasia rahman rahul raider raider1 raiders raiders1 raiders12 raiders13 raiders2 raiderz1 railroad
rain rainbow rainbow1 rainbow12 rainbow123 rainbow2 rainbow3 rainbow6 rainbow7 rainbows rainbows1 raindrop
rainman raistlin raj123 rajendra rajesh rajkumar rakaii rakesh raleigh ralph ralph1 raluca ram ram123
ram1500 ramazan rambler rambo rambo1 rambo123 ramesh ramirez ramirez1 ramiro rammstein rammstein1 ramon
ramon1 ramona ramona1 ramones ramones1 rampage ramram ramses ramsey ramzes rancid rancid1 randall randall1
random random1 random123 randy randy1 randyorton ranetki ranger ranger1 rangerover rangers rangers1 raphael
rapper rapper1 raptor raptor1 raquel raquel1 rascal rascal1 rasengan rashad rashad1 rasheed rashid rashmi
rasmus raspberry rasputin rasta rasta1 rastafari rastaman rastaman1 raumschiff raven raven1 raven123 ravens
ravens1 ravens52 rawr123 ray ray123 raymond raymond1 rayray rayray1 raziel razjel1 razor1 razvan rb26dett
rbhbkk rbotmvz954 rctybz rdfhnbhf rdukv46x reader reading reading1 ready2go reagan real realestate reality
reality1 really realmadrid realnigga1 realtor reaper reaper1 reason rebeca rebecca rebecca1 rebekah rebekah1
rebel rebel1 rebelde rebelde1 rebels rebels1 reborn rebound1 record recovery recovery1 red red123 red1234
red12345 red321 red456 redab1993 redalert redbone redbone1 redbull redbull1 redcar reddevil reddog reddog1
reddragon redfish redfish1 redfox redhat redhead redhead1 redhot redhot1 redline redline1 redman redman1
redneck redneck1 redred redred1 redrose redrose1 redroses redrum redrum1 redskins redskins1 redskins21
redsox redsox04 redsox1 redsox12 redsox34 redstar redwin3d redwine redwings redwings1 redwood reebok reefer
reese1 reflex reggae reggae1 reggie reggie1 regina regina1 reginald regine register reglisse rehbwf reilly
reliance reload reloaded remember remember1 rememberme remington remington1 remote renard renata renate
renato renault rencontre renee renee1 renee123 renegade renegade1 reno911 renren rental repytwjdf rereirf
rerere rerjkrf rescue research reset123 resetme reshma resident resing1965 respect respect1 restart resume
retard retard1 retired reuben reunion revelation revenge revenge1 reveur revolution revolver rey619 reyes
reynaldo reynolds rfgbnjirf rfgecnf rfhbyf rfhfgep rfhfvtkmrf rfhfylfi rfhnjirf rfn.if rfn.irf rfnthbyf
rfntymrf rfrfirf rfrnec rfvfcenhf rhbcnbyf rhfcfdbwf rhfcfdxbr rhfcjnf rhfcjnrf rhiannon rhiannon1 rhino1
rhinos111 rhjkbr rhjrjlbk rhodan01 rhonda rhonda1 ricardo ricardo1 riccardo rich richard richard1 richard123
richard2 richards richardson richie richie1 richmond richmond1 rick ricky ricky1 ricky123 riddick rihanna
rihanna1 riley riley1 riley123 ringo ringo1 ripcurl ripley ripper rita river river1 rivera rivera1
riverplate rivers riverside riverside1 rjhjdf rjhjkm rjhjktdf rjitxrf rjntyjr rjyatnrf rjycnfynby rjynfrn
rksk3210 rktjgfnhf roadkill roadking roadrunner roanne42300 rob rob123 robbie robbie1 robby1 robert robert01
robert1 robert11 robert12 robert123 robert13 robert2 robert22 robert3 robert69 robert7 roberta roberta1
roberto roberto1 roberts roberts1 robin robin1 robin123 robinho robinhood robinson robinson1 robocop robot
robotech rocco rocco1 rochelle rochelle1 rochester rock rock12 rock123 rockandroll rocker rocker1 rocket
rocket1 rocketman rockets rockets1 rockey rockie rocknroll rocknroll1 rockon rockon! rockon1 rocks rockstar
rockstar1 rockstar12 rockstar2 rocky rocky1 rocky12 rocky123 rocky2 rocky3 rocky5 rockyou rodeo1 roderick
rodina rodney rodney1 rodolfo rodrigo rodrigo1 rodrigues rodriguez rodriguez1 rogelio roger roger1 roger123
rogers roland roland1 rolandia42 rolando roller rollin60 rolltide rolltide1 roma romain roman roman1 romana
romance romance1 romane romania romano romans romans828 romantic romario romaroma romashka romeo romeo1
romeo123 romero romina rommel romy01 ronald ronald1 ronaldinho ronaldo ronaldo07 ronaldo1 ronaldo10
ronaldo123 ronaldo17 ronaldo7 ronaldo9 ronnie ronnie1 ronron rookie rooney rooney1 rooney10 rooney8 rooster
rooster1 root rootbeer rootbeer1 roro1024 rosa rosa123 rosales rosalia rosalie rosalinda rosanna rosaria
rosario rosario1 rosco1 roscoe roscoe1 roscoe131 rose rose12 rose123 rose1234 rose24731 rosebud rosebud1
rosemarie rosemary rosemary1 roserose roses roses1 roshan rosie rosie1 rosie123 rosita rossella rossi46
rossia19 roswell rotten rotterdam rough route66 rover rover1 rovers rowdy1 rowena roxana roxane roxanne
roxanne1 roxie1 roxy roxy12 roxy123 royal royal1 royals22 rrrrrr rs11220 rtw150809 rtyuehe rubber ruben
ruben1 ruby ruby123 rudeboy rudolf rudy rufus rufus1 rugby rugby1 rugrats ruler1991 runescape runescape1
runescape2 runner runner1 running running1 rupert rupert1 ruqueb rush2112 ruslan russel russell russell1
russia russia1 russian rustam rusty rusty1 rusty123 rusty2 ruth ruthie ryan ryan11 ryan12 ryan123 ryan1234
ryan962052 ryjgrf s s0ccer s12345 s123456 s1234567 s12345678 s123456789 s8ylpe9jdpvym sabbath sabbath1
sabina sabine sabine12 sabine21 sable1 sabrina sabrina1 sabrina123 sacha1234 sachin sacramento sacred sad123
saddam sadie sadie1 sadie123 safari safety safety1 saffron sagitario sagitarius sahabat sahara saibaba
saigon sailboat sailing sailing1 sailor sailor1 sailormoon saint saints saints1 saints25 sairam saitou
sakura sakura1 sal salam salamanca salamander salamandra salami salasana salazar salem salem1 salerno sales
salima salinas sally sally1 sally123 salman salmon salome salomon salope salsa salsa1 salut salvador
salvador1 salvation salvation1 salvatore sam sam123 sam1234 sam12345 samanta samantha samantha1 samantha12
samantha2 samara sameer samiam samir samira sammi1 sammie sammie1 sammy sammy01 sammy1 sammy12 sammy123
sammy13 sammy2 sammy7 sampdoria sample sample123 sampson sampson1 samsam samsam1 samsara samson samson1
samsun samsun55 samsung samsung1 samsung12 samsung123 samsung2 samtron samuel samuel01 samuel1 samuel12
samuel123 samuele samurai samurai1 san san123 sanandreas sanane sanchez sanchez1 sancho sandberg5 sandeep
sander sanders sanders1 sandhya sandie sandiego sandiego1 sandman sandman1 sandokan sandra sandra1 sandra12
sandra123 sandrine sandro sandwich sandy sandy1 sandy123 sangeeta sanjana sanjay sanjeev sanjose sanjose1
sanjuan sansan santa santa1 santacruz santafe santamaria santana santana1 santiago santiago1 santino santos
santos1 santosh saopaulo saphire sapphire sapphire1 sara sara12 sara123 sarah sarah1 sarah12 sarah123 sarah2
sarajevo sarasara saraswati saratoga sardegna saretta sarina sarita sasa sasasa sasasasa sascha sasha sasha1
sasha12 sasha123 sashka sasin414 saskia sassi123 sassie sassy sassy1 sassy12 sassy123 sassy2 sasuke sasuke1
sasuke12 sasuke123 satan satan1 satan666 satana satanas satellite sathya satish satsuki saturday saturn
saturn1 satyam saurabh sausage sausage1 sausages savage savage1 savanna savanna1 savannah savannah1 saveme
savings savior saviour sawyer saxophone saxophone1 sayang sayang1 sayangku scamper scania scanner scarface
scarface1 scarface2 scarlet scarlet1 scarlett scarlett1 sch schalke schalke04 schatz schatz1 schatzi
scheisse schilf02 schnecke schneider schokolade school school1 school12 school123 school2 schule schumacher
schumi science science1 scooby scooby1 scooby12 scooby123 scooby2 scoobydoo scoobydoo1 scoobydoo2 scooter
scooter1 scooter123 scooter2 scorpio scorpio1 scorpion scorpion1 scorpione scorpions scotch scotland
scotland1 scott scott1 scott123 scottie scottie1 scotty scotty1 scout scout1 scrabble scrappy scrappy1
scratch scraty98 scream scream1 screen scruffy scruffy1 scuba1 scully scvmofas79 sdf7asdf6asdg8df sdfsdf
sdream seagull seahawks seahawks1 seahorse seahorse1 seaman seamus sean sean123 seanpaul search search1
season seatleon seattle seattle1 sebastian sebastian1 sebastian106 sebastien second secret secret! secret1
secret12 secret123 secret2 secret666 secreto secrets secure security security1 sedona seeker seigneur
seinfeld sekret select selena selena1 selenagome selene selina seminole seminoles seminoles1 semperfi
semperfi1 senator seneca senegal senha senha123 senior senior06 senior07 senior08 senior09 seniseviyorum
sensei sentinel sentnece sephiroth sephiroth1 september september1 september2 september3 september7
september8 september9 septiembre sepultura ser serafina14 serdar serega serena serena1 serendipity serenity
serenity1 sergei sergej sergey sergio sergio1 serious serkan serpent serrano serseri server service service1
services servus sesame sestra settembre seven seven11 seven7 seven77 seven777 seventeen severine sevgilim
sevilla sex sex101 sex123 sex666 sexbomb sexe sexii1 sexsex sexsex1 sexsexsex sextrime1 sexual sexxxy sexxy1
sexy sexy#1 sexy01 sexy06 sexy07 sexy08 sexy09 sexy1 sexy10 sexy101 sexy11 sexy12 sexy123 sexy1234 sexy13
sexy14 sexy15 sexy16 sexy17 sexy18 sexy19 sexy20 sexy21 sexy22 sexy23 sexy24 sexy25 sexy4life sexy69
sexyass1 sexybabe sexybabe1 sexybaby sexybaby1 sexyback1 sexybeast sexybeast1 sexybitch sexybitch1
sexybitch2 sexyblack1 sexyboy sexyboy1 sexychick1 sexygirl sexygirl1 sexygirl12 sexygirl2 sexygurl1 sexylady
sexylady1 sexylove sexylove1 sexymama sexymama1 sexymama12 sexyman sexyman1 sexyme sexyme1 sexyred1 sexysexy
sf49ers sha sha22una shad0w shadow shadow! shadow01 shadow0262 shadow1 shadow10 shadow11 shadow12 shadow123
shadow13 shadow14 shadow2 shadow21 shadow22 shadow23 shadow3 shadow5 shadow69 shadow7 shadow99 shadows
shadows1 shady1 shaggy shaggy1 shahid shahrukh shaina shakespeare shakira shakira1 shakur shalini shalom
shalom1 shaman shampoo shamrock shamrock1 shandy shane shane1 shane123 shanghai shania shania1 shanice
shanice1 shankar shanna shannon shannon1 shannon2 shanti shaolin sharingan shark shark1 sharks sharks1
sharky sharma sharon sharon1 sharp sharpie sharpie1 shasha shasha1 shashi shasta shasta1 shaun shaun1 shauna
shaved shawn shawn1 shawn123 shawna shawna1 shawty1 shayla shayla1 shayna shayne shayne123 shayshay
shayshay1 shazam shearer shearer9 sheba sheba1 sheeba sheena sheena1 sheetal sheffield sheila sheila1 shelby
shelby1 shelby12 shelby123 sheldon sheldon1 shell shell1 shelley shelley1 shelly shelly1 shepherd sheridan
sheriff sherlock sherman sherman1 sherri sherry sherry1 sherwin sherwood sheryl shevchenko shibby shibby1
shiela shiloh shiloh1 shilpa shinigami shiningeagle shinobi shirley shirley1 shit shit12 shit123 shitface
shitface1 shithead shithead1 shitshit shitty shitty1 shiva shivam shivani shmily shoes shoes1 shogun shooter
shooter1 shopper shopping shopping1 short1 shortie shortie1 shorty shorty01 shorty1 shorty11 shorty12
shorty123 shorty13 shorty14 shorty15 shorty2 shorty3 shorty5 shorty69 shorty7 shotgun shotgun1 shotokan1
showme showtime showtime1 shreya shrimp shruti shubham shurik shutup shutup1 shweta sicilia sidekick
sidekick1 sidekick3 sidney sidney1 siemens siemens1 siempre sienna sierra sierra1 sig53num sigma silence
silent silent1 silkroad silly silly1 silvana silver silver1 silver12 silver123 silverado silverado1
silverkey3 silvia silvia1 silvio sim simba simba1 simba11 simba123 simmons simon simon1 simon123 simona
simone simone1 simple simple1 simple123 simpleplan simpson simpson1 simpsons simpsons1 simran simsim simson
sinaloa1 sinatra sinbad sincere sincere1 sinclair singapore singer singer1 singh singing singing1 single
single1 single123 single2 sinner siobhan sipfhair sirena sirius sissy sissy1 sister sister1 sister2 sisters
sisters1 sisters2 sithlord sixers sixsix6 sixteen sixteen16 sixty9 sk84life sk8board sk8erboi sk8erboy
sk8ers sk8ordie sk8ter ska02ska skank1 skate skate1 skate12 skate123 skate2 skate4life skate8 skateboard
skateordie skater skater1 skater11 skater12 skater123 skater13 skater2 skaterboy1 skaterdude skating
skating1 skeeter skeeter1 skeleton skelitor66 skidoo skiffy skiing skinhead skinner skinny skinny1 skipper
skipper1 skippy skippy1 skittles skittles1 skittles12 skolko skorpion sky123 skyblue skyhawk skylar skylar1
skyler skyler1 skyline skyline1 skyliner34 skywalker skywalker1 slacker slamdunk slapshot slash1 slave1
slavik slayer slayer1 slayer666 sleepy sleepy1 slick slick1 slider slimshady slimshady1 slinky slipknot
slipknot1 slipknot12 slipknot2 slipknot6 slipknot66 slipknot666 slipknot9 slonik slovensko slunicko slut
slut123 slut69 sluts smackdown smackdown1 smallville smart smart1 smarties smarty smashing smb0512bz smelly
smelly1 smile smile! smile0_0 smile1 smile12 smile123 smile2 smile4me smiles smiles1 smiley smiley1 smirnoff
smirnov smirnova smith smith1 smith123 smitty smitty1 smoke smoke1 smoke420 smoker smoker1 smokeweed
smokeweed1 smokey smokey01 smokey1 smokey11 smokey12 smokey123 smokey13 smokey2 smokey420 smokie smokie1
smokin smokin1 smoking smoking1 smooth smooth1 smudge smudge1 sn00py snake snake1 snake123 snakes snakes1
snapper snapper1 snapple snapple1 snatch sneakers sneaky1 snickers snickers1 snickers2 sniper sniper1
snooker snoop snoop1 snoopdog snoopdog1 snoopdogg snoopdogg1 snoopy snoopy01 snoopy1 snoopy12 snoopy123
snoopy13 snoopy2 snorre98 snow snowball snowball1 snowboard snowboard1 snowflake snowflake1 snowie snowman
snowman1 snowwhite snowy1 snuffy snuggles snuggles1 sobaka sober3 soccer soccer! soccer. soccer01 soccer05
soccer06 soccer07 soccer08 soccer09 soccer1 soccer10 soccer101 soccer11 soccer12 soccer123 soccer1234
soccer13 soccer14 soccer15 soccer16 soccer17 soccer18 soccer19 soccer2 soccer20 soccer21 soccer22 soccer23
soccer24 soccer25 soccer3 soccer33 soccer4 soccer5 soccer6 soccer69 soccer7 soccer77 soccer8 soccer88
soccer9 soccer99 social socks1 socorro socrate socrates sodapop sodapop1 sofia sofia1 sofiane softball
softball! softball1 softball10 softball11 softball12 softball13 softball14 softball15 softball2 softball21
softball22 softball23 softball3 softball4 softball5 softball7 softball8 softball9 software sojdlg123aljg
sokolov sokolova sol solange solaris soldat soldier soldier1 soledad soleil soleil13 soleluna solidsnake
solitario solitude solnce solnishko solo7590 solomon solomon1 soloyo solrac solution somanypickles27
somebody someday someone someone1 somerset something something1 sommer son sonali sonata songbird songoku
sonia sonia1 sonic sonic1 sonic123 sonics sonnenschein sonny sonny1 sonoio sony sony123 sonyericsson sooner
sooner1 sooners sooners1 sophia sophia1 sophie sophie01 sophie1 sophie12 sophie123 sophie2 soprano soraya
soukayna soulfly soulja1 souljaboy1 soulmate soulmate1 souris sousou south1 south13 southern southern1
southpark southpark1 southpole1 southside southside1 southside2 southside3 southwest1 sowhat space space1
space123 spaceman spaghetti spam spanish spanish1 spanky spanky1 sparkle sparkle1 sparkles sparkles1 sparks
sparky sparky1 sparky12 sparky123 sparrow sparrow1 sparta spartacus spartak spartan spartan1 spartan117
spartans spartans1 speaker speaker1 spears special special1 specialk spectrum speed speed1 speedo speedway
speedy speedy1 spencer spencer1 speranza spez3012 sphinx spice1 spider spider-man spider1 spider123 spiderma
spiderman spiderman1 spiderman2 spiderman3 spiderman4 spiderman7 spidey spike spike1 spike123 spikes spikey
spinner spionin8688 spirit spirit1 spitfire spitfire1 spitsy16 splash splinter spoiled spoiled1 spolana
sponge sponge1 spongebob spongebob0 spongebob1 spongebob2 spongebob3 spongebob5 spongebob7 spongebob9 spooky
spooky1 sport sport1 sporting sports sports1 sporty spotty spring spring1 springer sprint sprint1 sprinter
sprite sprite1 spunky spunky1 spurs spurs1 sputnik spyder spyder1 squall square squash squirrel squirrel1
squirt squirt1 sr20det srilanka srinivas sriram ss563563ss sss sss111 ssss sssss ssssss ssssss1 sssssss
ssssssss ssssssssss ssyu1314 sta stacey stacey1 stacie stacy stacy1 stalin stalker stalker1 stallion
standard stanford stani06 stanislav stanley stanley1 staples staples1 star star01 star10 star101 star11
star12 star123 star1234 star13 star14 star15 star21 star22 star23 star69 starbuck starbucks starbucks1
starburst starburst1 starcraft starcraft1 starcraft2 stardust stardust1 staredobre starfire starfish
starfish1 stargate stargate1 stargazer starlight starlight1 starr1 starry stars stars1 stars123 starstar
start start1 start123 startfinding startrek startrek1 starwar5 starwars starwars03ja starwars1 starwars111
starwars12 starwars2 starwars3 starwarsfan10 stasik static station status stayout stayout1 ste stealth
stealth1 steaua steele steelers steelers1 steelers43 steelers7 stefan stefan1 stefangreil1983 stefania
stefanie stefano steffen steffi steflio3123 stella stella1 stella123 stellina stepan steph steph1 steph123
stephan stephane stephanie stephanie1 stephanie2 stephen stephen1 stereo sterling sterling1 sternchen sterva
steve steve1 steve123 steven steven1 steven12 steven123 steven2 stevens stevie stevie1 stewart stewart1
stewart20 stewie stewie1 sticky stigmata stimpy stinger stinger1 stingray stinker stinker1 stinky stinky01
stinky1 stitch stitch1 stolen1 stone stone1 stonecold stonecold1 stoned stoner stoner1 stoner420 stones
stoney storm storm1 stormdogs stormy stormy1 strange strange1 stranger stratfor stratocaster stratus
strawberry street street1 strelok strength stress stretch strider strike striker striker1 strobe93 strong
strong1 stronger stronzo stryker stuart stuart1 student student1 studio studio1 studio54 stuff stumpy
stunna1 stunner stunt101 stupid stupid! stupid1 stupid12 stupid123 stupid2 stuttgart su123456 subaru subaru1
sublime sublime1 subway subway1 subzero succes success success1 successful sucesso suck suckdick1 sucker
sucker1 suckit suckit1 suckit69 suckme suckme1 suckmydick suerte sugar sugar1 sugar123 sugarbear sugarbear1
suicide suicide1 sukses sullivan sultan summer summer! summer00 summer01 summer05 summer06 summer07 summer08
summer09 summer1 summer10 summer11 summer12 summer123 summer13 summer2 summer2008 summer2010 summer21
summer22 summer3 summer5 summer69 summer7 summer99 summertime summit sun sun123 sundance sundance1 sunday
sunday1 sunderland sunfire sunflower sunflower1 sunita sunlight sunny sunny1 sunny123 sunnyday sunrise
sunrise1 sunset sunset1 sunsh1ne sunshine sunshine! sunshine01 sunshine1 sunshine10 sunshine11 sunshine12
sunshine13 sunshine2 sunshine21 sunshine22 sunshine23 sunshine3 sunshine4 sunshine5 sunshine69 sunshine7
sunshine8 sunshine9 sup supa1906 super super1 super12 super123 super7 super8 superduper superfly superfly1
supergirl supergirl1 superhero superior superman superman! superman01 superman1 superman10 superman11
superman12 superman123 superman13 superman2 superman21 superman22 superman23 superman3 superman4 superman5
superman69 superman7 superman8 supermario supernatural supernova supernova1 supersonic superstar superstar1
superstar2 supervisor superwoman support supreme supreme1 surabaya surena13 sureno13 surenos13 suresh
surethang surf surfer surfer1 surfing surfing1 surprise surside13 survivor susan susan1 susana susanna
susanne sushi sushi1 susie susie1 suslik suzanne suzanne1 suzuki suzuki1 sverige sveta svetik svetlana
svoboda swagger swallow swampfire swatch swathi sweden sweet sweet1 sweet12 sweet123 sweet13 sweet16 sweet17
sweet18 sweet2 sweet666 sweet69 sweetangel sweetgirl sweetheart sweetie sweetie1 sweetie2 sweetiepie
sweetlove sweetness sweetness1 sweetpea sweetpea1 sweets sweets1 sweety sweety1 sweety12 swimmer swimmer1
swimming swimming1 swinger sword swordfis swordfish swordfish1 swords sydney sydney1 sylvain sylvester
sylvester1 sylvia sylvia1 sylvie syncmaster syracuse system system1 system32 sz9kqcctwy szczurek t t12345
t123456 t1234567 t123456789 t36473647 t7u9hx tabby1 tabitha tabitha1 taco taco123 tacobell tacobell1 tacoma
tadpole taekwondo taekwondo1 taffy1 tagesgruppe2010 tahiti taishan2011 tajmahal talent talisman tamahome
tamara tamara1 tamere tammy tammy1 tamtam tangerine tanginamo tangkai tango tango1 tania tania1 tanja1993
tanker tanner tanner1 tantan tanya tanya1 tara tarakan tardis target target1 target123 tarheel tarheel1
tarheels tarheels1 tartaruga tarzan tarzan00 tarzan1 tascha tasha tasha1 tasha123 tata tata123 tata1964
tatarin tatata tater1 tatiana tatiana1 tatjana tattoo tattoo1 tatyana tauchen taurus taurus1 tay123 taylor
taylor! taylor01 taylor1 taylor10 taylor11 taylor12 taylor123 taylor13 taylor14 taylor2 taylor21 taylor22
taylor3 taylor4 taylor5 taylor7 taytay taytay1 tayuya44 taz123 tazman tazmania tbone1 tdutybq tdutybz
teacher teacher1 team teamo teamo12 teamo123 teamomucho techn9ne technics techno techno1 techno13 technology
tecktonik teddy teddy1 teddy123 teddy2 teddybear teddybear1 teddybear2 teen teenaa111 teens teetee1 teiubesc
tekiero tekila tekken telecaster telechargement telecom telefon telefon1 telefono telephone telephone1
television televizor temitope temp temp123 temp1234 tempest temple temporary temppass temppassword tenerife
tennessee tennessee1 tennis tennis1 tennis12 tennis123 tenshin tenten teodora teodoro teonamaria1 tequiero
tequiero1 tequila tequila1 terence teresa teresa1 teresita tereza terminal terminator terrance terrance1
terrell terrell1 terrence terrence1 terror terry terry1 terrys terserah tesoro tessa tessa1 tessie test
test1 test12 test123 test1234 teste123 tester tester01 tester1 testing testing1 testing123 testpass testtest
testtest1 tetris teufel99 texas texas1 texas100 texas12 texas123 texas2 thailand thailand1 thalia thankgod
thanks thanks1 thankyou thankyou1 the the123 theatre theband1 thebears12 thebeatles thebest thebest1 theboss
theboss1 thecat thecure thedog thedoors theend thegame thegame1 thegreat thegreat1 thegreat123 thekid
theking theking1 thelma theman theman1 themaster thematrix theodore theodore1 theone theone1 theonly1
theresa theresa1 therese therock therock1 theshit1 thesims thesims2 thethe theused theused1 thiago thibault
thieric thierry thirteen thirteen13 thisisit thisisme thissucks thissucks1 thizz2 thomas thomas01 thomas1
thomas10 thomas11 thomas12 thomas123 thomas13 thomas2 thomas22 thomas3 thompson thompson1 thomson three3
threekids thriller thug4life thuglife thuglife1 thumper thumper1 thunder thunder1 thunder2 thunderbird
thursday thx1138 tiamo tianya tiburon tichuots ticket tictac tielandros01 tiesto tiffany tiffany1 tiffany123
tiffany2 tiger tiger1 tiger10 tiger11 tiger12 tiger123 tiger13 tiger2 tiger22 tiger23 tiger3 tiger7
tigerlily tigers tigers1 tigers12 tigers2 tigerwoods tigger tigger! tigger01 tigger1 tigger11 tigger12
tigger123 tigger13 tigger2 tigger21 tigger22 tigger23 tigger3 tigger5 tigger69 tigger7 tigres tigrou tilly1
tim tim123 timber timber1 timberlake timberland time timepass timfranzke timmy timmy1 timmy123 timothy
timothy1 timoxa94 timtim tina tina123 tingting tink12 tink123 tinker tinker1 tinker12 tinker2 tinkerbel1
tinkerbell tinkerbell1 tinkle tinman tintin tintin1 tipper tippy1 titan titan1 titanic titanic1 titanium
titans titans1 titeuf titi titine titleist tits titties titties1 tiziana tjoshua11 tkbpfdtnf tkfkdgo
tkfkdgo1 tkfkdgo7 tkgsoo083bsr tl281188t tmm tmnet123 tmvlzj12 tnk0mk16vx tobias tobias1 toby toby123 today
today1 toffee together together1 toilet tokio1 tokiohotel toledo tolkien tolulope tom tom123 tomas tomate
tomato tomboy tombrady12 tomcat tomcat1 tomek tomek1 tommaso tommie tommy tommy1 tommy12 tommy123 tommy2
tommyboy tomorrow tomtom tomtom1 tonino tonton tony tony12 tony123 tony1234 tony13 tony20 tonya1 tonyhawk
toonarmy tootie tootie1 tootsie tootsie1 topbull topbutton topcat topdog topdog1 topgun topgun1 topher
topolino topper topsecret torino tornado tornado1 toronto toronto1 torpedo torrent torres torres1 torres9
tortoise tortue tortuga toshiba toshiba1 total12scherz total90 toto totoro tototo tottenham tottenham1
totti10 toulouse toulouse31 toutou toutoune toyota toyota1 trabajo trabalho tracey tracey1 track1 tracker1
trackstar1 tractor tractor1 tracy tracy1 traffic trainer training trains traktor tralala trance transam
transam1 transforme transformers transit transport trapdoor39 trapdoor60 trapper travail travel travel1
traveler travis travis1 treasure treasure1 trebor tree tree123 treefrog treflip treguier trent1 trenton
trenton1 tresd5 tresor treu14 trevor trevor1 trfnthbyf trial triangle tribal tricia tricky tricky1 tricolor
trident trigger trigger1 trigun trikers21 trina1 trinidad trinidad1 trinitron trinity trinity1 trinity3
triple tripleh tripleh1 triplets tripper trisha trisha1 triskelion tristan tristan01 tristan1 triton triumph
trivium1 trixie trixie1 trojan trojan1 trojans trojans1 trololo trombone trombone1 trooper trooper1 tropical
tropical1 trouble trouble1 trouble2 troy truck truck1 trucker trucker1 trucks trucks1 trueblue truelove
truelove1 truman trumpet trumpet1 trunks trunks1 trust trust1 trustme trustno1 trustnoone truth1 tryagain
tsunami tttt tttttt tuangbi tucker tucker1 tudelft tuesday tuesday1 tujhrf tulipan tulipe tulips tunafish
tundra tuning tunisie tupac tupac1 tuputamadre turbo turbo1 turkey turkey1 turner turner1 turtle turtle1
turtle12 turtle2 turtles turtles1 tuxedo tvs3108 tweety tweety1 tweety12 tweety123 tweety13 tweety2 tweety3
tweetybird twelve twelve12 twenty twenty1 twenty20 twiggy twilight twilight1 twilight12 twingo twinkie
twinkie1 twinkle twinkle1 twinkle15 twins twins1 twins2 twisted twisted1 twister twister1 twiztid1 tycoon
tyler tyler01 tyler1 tyler11 tyler12 tyler123 tyler13 tyler2 tyler3 tyler5 typhoon tyrael04 tyrone tyrone1
tyson tyson1 tyson123 tytyty tyuiop tzir25l5kn u u23456 u38fa39 u77789 u83xu3u83 u8t6e4 uae_boy uchiha
ufkbyf uganda uhbujhbq uhfaabnb uhfybn8888 ukraine ulises ulisse ultima ultimate ultimate1 ultras ulysse
umberto umbrella umbrella1 umit1406 undead under18 undercover underdog underground underoath1 undertaker
underworld unforgiven unicorn unicorn1 unicorns unique unique1 united united1 univers2l universal universal1
universe university universo unknown unknown1 unlimited unlock unreal uphill45 upperd7 uqa9ebw445 ural
uranus urdg5psk5 urmom1 ursula usa123 usa12345 usarmy usarmy1 usdopaa user user888 username usher usher1
usuck1 utjhubq utopia uuuuuu uvgx8f8232 uzumaki uzumaki2 uzumymw v v12345 v123456 vacances vacation
vacation1 vader vader1 vadim vadimka vaemai31 vaffanculo vagina vagina1 vagina69 vaishali val vale46
valencia valencia1 valentin valentin1 valentina valentina1 valentine valentine1 valentino valentino1 valera
valeri valeria valeria1 valerie valerie1 valerio valeriya valery valhalla valkenhayn valkyrie valley valley1
vampir vampire vampire1 vampires vampiro van vancouver vandah vandana vanesa vanessa vanessa06 vanessa1
vanessa12 vanessa123 vanessa141175 vanessa2 vanhalen vanhalen1 vanilla vanilla1 vanille vanille1 vargas
varsha varvara vascorossi vasilisa vasiliy vaughn vauxhall vb vbienrf vbifyz vbkfirf vectra vegas vegas1
vegeta vegeta1 vehpbr velvet velvet1 vendetta venera venezia venezuela venice venkat venom1 ventura venus
venus1 vera verbatim vergessen vergeten veri1234 veritas verizon verizon1 vermont vermont1 vernon verona
veronica veronica1 veronika veronique versace vertigo vesproongh12 vfcnth vfczyz vfhbirf vfhbyf vfhbyjxrf
vfhecz vfhnsirf vfhufhbnf vfhujif vfibyf vfitymrf vfkbyf vfksirf vflfufcrfh vfndtq vfntvfnbrf vfrcbv
vfrcbvrf vfvekz vfvf vfvfgfgf vfvfvfvf vfvjxrf vh5150 viagra vicecity vicekw vicente vickie vicky vicky1
vicky123 victoire victor victor1 victor12 victor123 victoria victoria1 victoria12 victoria2 victory victory1
video vienna viet12 vietnam vietnam1 viewsonic viewsonic1 vijaya vika vikavika viking viking1 vikings
vikings1 vikram viktor viktoria viktoriya villa1 village villanueva villevalo vince vince1 vincent vincent1
vincenzo vinicius vinnie vinnie1 vintage viola violet violet1 violeta violetta violette violin viper viper1
viper12 viper123 vipers viphv5j736 virgil virgilio12 virgin virgin1 virginia virginia1 virginie virgo virgo1
viriato virtual virtue1234 virus vishal vishnu vision vision1 vitalik vitaliy vitamin vitolino10 vitor1
vitor1268123 vitoria vittoria vittorio vivian vivian1 viviana viviane vivien vjcrdf vjkjrj vjqgfhjkm
vkontakte vlad vladcherktecktonik vladik vladimir vladislav vodafone vodka vodka1 voetbal voiture volcano
volcom volcom1 voldemort volkova volkswagen volley volley1 volleyball voltaire volume volume1 volvo voodoo
voodoo1 vortex vova voyage voyager voyager1 vqsablpzla vrbgqns997 vtldtlm vuc7neyu0 vulcan vvvvvv w
w12101957 w12345 w123456 w123456789 w1970a w1975a w1976a w1977a w1978a w1979a w1980a w1981a w1982a w1983a
w1984a w1985a w1986a w1987a w1988a w1989a w1990a w1991a w1aubvoq w3wjnhek w5tn36alfw w5txn36alfw w66yrybgra
w8woord wachtwoord waffle waffles waffles1 wagner waheguru walalang waldiw82 walker walker1 walkman wall.e
wallace wallace1 walleye wally wally1 walmart walmart1 walnut walrus walter walter1 wan123 wanda1 wang123
wangyut2 wanker wanker1 wanrltw wanted wanted1 warcraft warcraft1 warcraft3 wareagle warhammer warhammer1
warlock warlock1 warlord warner warning warning1 warren warren1 warrior warrior1 warriors warriors1 warszawa
wasabi wasdwasd washburn washington wasser wassup wassup1 wasted waswas water water1 water12 water123 water2
waterboy waterfall waterfall1 waterloo watermelon waterpolo waters waters1 watson watson1 wayne wayne1
wayne123 wazzup wdtnjr wdtnjxtr wealth weare138 weasel weasel1 weather weather1 weaver webcam webhompass
webmaster webster webster1 wedding wedding1 wednesday wednesday1 weed weed12 weed123 weed13 weed420 weed69
weedman weedman1 weekend weezer weezer1 weezy1 weiwei welcome welcome1 welcome12 welcome123 welcome2
welcome6 welder welkom welkom01 wellington wendell wendy wendy1 wer123 werder werewolf werewolf1 werilopert
werner werock1 weronika weronika1992 wersdf wert wert123 wert1234 werter werty werty1 werty123 wertyu wertzu
werwer wesley wesley1 west westcoast westcoast1 western western1 westham westham1 westlife westlife1 weston
westside westside1 westside13 westwood westwood1 wetpussy wewewe weyersheim what what123 whatever whatever!
whatever1 whatever12 whatever2 whatever4 whatever7 whatsup whatsup1 whatthefuck whatup whatup1 whatwhat
wheeler wheels whiskers whiskers1 whiskey whiskey1 whisky whisper whisper1 whistler white white1 whiteboy
whiteboy1 whitesox whitesox1 whitetiger whitey whitney whitney1 whoami whocares whocares1 whoknows whore
whore1 whynot whynot1 wicked wicked1 widget wifey1 wiggles wiggles1 wigolf wiktoria wil wilbur wildcat
wildcat1 wildcats wildcats1 wildchild wildfire wildman wildthing wildwood wilfried will will123 willem
william william1 william12 william123 william2 william2631 william3 william5 william7 williams williams1
willie willie1 willis willow willow1 willy willy1 wilson wilson1 win winchester windmill window window1
windows windows1 windows7 windows98 windowsxp windsor windsurf winmx1 winner winner1 winners winnie winnie1
winston winter winter01 winter07 winter08 winter09 winter1 winter11 winter12 winter123 winter99 winwin
winxclub wireless wisconsin wisdom wisdom1 wiseman wishbone wishbone1 wizard wizard1 wm0001 woaini woaini123
woaini1314 woaini520 woaiwojia wojtek wokami wolf wolf123 wolfgang wolfgang1 wolfie wolfman wolfman1
wolfpack wolfpack1 wolverin wolverine wolverine1 wolves wolves1 wombat women wonder wonder1 wonderful
wonderful1 wonderland woodland woodstock woodstock1 woody woody1 woofer woofwoof woohoo wookie word wordlife
wordpass wordpass1 work working working1 world world1 worship worship1 woshishei319 woshishui woshiyazi wow
wow123 wow12345 wowwow wpcakir264 wrangler wrangler1 wrasloco11 wrestle1 wrestler1 wrestling wrestling1
wright wrigley writer wsbe279qsg wsxedc wtf123 wubin007 wutang wutang1 ww111111 ww651118 wwe123 wwe619 www
www111 www123 wwww wwwwww wwwwwww wwwwwwww wxcvbn wyatt1 wyoming wz362308 x x12345 x123456 x3luym2mmj
x4ivyga51f x8coqx1f1zh x99qomx561 xanadu xander xander1 xantria10315 xavier xavier1 xaxaxa xblhintb9w
xbonesx xbox xbox360 xboxlive xdqwerty xenosaga1234 xfiles xiang123456 xiaoxiao xige5516726 ximena xlsl9963
xoxoxo xred4654 xsdsxs xsw21qaz xt97794xt xtreme xtseo2011tdx xup6xup6 xxx xxx123 xxx666 xxxx xxxxx xxxxx1
xxxxxx xxxxxx1 xxxxxxx xxxxxxxx xxxxxxxxxx xyz123 y y123456 y23456 y6p67ftrqj ya623349 yaallah yagjecc826
yahoo yahoo! yahoo.com yahoo1 yahoo100 yahoo12 yahoo123 yahoo2 yahoomail yahooo yahweh yamaha yamaha1
yamaha125 yamahar1 yamahar6 yana yancai yandex yandi20080527 yangyang yankee yankee1 yankees yankees1
yankees13 yankees2 yankees23 yankees7 yannick yanyan yaoiisgrand yaroslav yasemin yasmin yasmin1 yasmina
yasmine yasmine1 yassine yayaya ybccfy ybrbnf ybrjkfq yeah yeahyeah yellow yellow! yellow1 yellow11 yellow12
yellow123 yellow13 yellow2 yellow22 yellow3 yellow5 yellow7 yemi19900911 yes yes123 yesenia yesenia1 yeshua
yesterday yesyes yfcn.if yfcntyf yfcntymrf yfcnz yfdbufnjh10305070 yfdbufnjh63 yfhenj yfnfif yfnfirf
yfnfitymrf yfnfkb yfnfkmz yfz450 yggdrasil4 yjdsqgfhjkm yogesh yogibear yolanda yolanda1 yolo yomama yomama1
yomamma1 yomisma yomismo yomomma yomomma1 yop7s55 yosemite yoshi1 you you123 youandme youandme1 youbye123
youknow1 young young1 youngmoney youporn yourgay1 yourmom yourmom! yourmom1 yourmom123 yourmom2 youssef
yousuck yousuck1 yousuck2 youtube youtube1 youyou yoyo yoyo12 yoyo123 yoyoyo yoyoyo1 yt ytrewq ytrewq1
ytreza yu5l97wk8q yuantuo2012 yugioh yugioh1 yuliya yummy yummy1 yumyum yumyum1 yvette yvette1 yvonne
yvonne1 yvonne90 yxcvbnm yyyyyy z z00000 z0102030405 z12345 z123456 z1234567 z123456789 z1x2c3 z1x2c3v4
z1x2c3v4b5 zac123 zacatecas1 zacefron zacefron1 zach zachary zachary1 zack zack123 zag12wsx zainab zakaria
zalupa zamora zander zander1 zanzibar zapata zaq1 zaq123 zaq12345 zaq12wsx zaq1xsw2 zaq1xsw2cde3 zaq1zaq1
zaqwsx zaqwsxcde zaqxsw zaqxsw12 zaqxswcde zaqzaq zaragoza zaraza zarina zasada zavilov zaxscd zazaza
zbychlas zebra zebra1 zebra123 zebulon zelda zelda1 zenith zephyr zeppelin zeppelin1 zero zero00 zero123
zerocool zerozero zesh1412 zeus zeynep zhang123 zhd741220 zhenya zhjckfd zhou1980 zidane zidane10 ziggy
ziggy1 ziggy123 zigzag zildjian zimbabwe zimmer483 zimmermann33 ziom82 zipper zipper1 zippy1 zk. zk.kkkkkkkk
zlatan zntiverson03 zodiac zodnat zoe123 zoey101 zoloto zombie zombie1 zoomzoom zoosk zoosk1 zooyork1 zorro
zorro1 zouzou zsazsa zvezda zwickau zx123456 zxasqw zxasqw12 zxc zxc123 zxc123456 zxc123zxc zxc841219 zxcasd
zxcasd123 zxcasdqwe zxcasdqwe123 zxccxz zxcv zxcv12 zxcv123 zxcv1234 zxcvasdf zxcvb zxcvb1 zxcvb123
zxcvb12345 zxcvbn zxcvbn1 zxcvbn123 zxcvbnm zxcvbnm, zxcvbnm,./ zxcvbnm0 zxcvbnm1 zxcvbnm12 zxcvbnm123
zxcvbnmteamo1 zxcvzxcv zxczxc zxczxczxc zxzxzx zy19791201 zyjxrf zz8807zpl zzs000000 zzz111 zzz123 zzzxxx
zzzz zzzzz zzzzz1 zzzzzz zzzzzz1 zzzzzzz zzzzzzzz zzzzzzzzzz
`
    .trim()
    .split(/\s/),
);
